import { canonicalJson } from './canonical-json.ts';
import type { LabelsOf, Moment, NamedObject, Policy, PolicyEntry } from './policy.ts';
import type { Digest } from './ratchet.ts';

export interface PolicyDigestOptions {
  /** Of the program: a rule can become stricter under its old id. */
  readonly version: string;
  readonly digest: Digest;
}

/** Tells whether two verdicts on this object came from the same policy. */
export type PolicyDigestFor = (
  object: NamedObject,
  at: Moment & { readonly labelsOf?: LabelsOf | undefined },
) => string;

/**
 * What of a policy is about other namespaces and other objects changes no digest. Which entry made it so is no part of
 * it either, because entries are renumbered when one is added. Made once for all that are judged alike and are excused
 * from nothing.
 */
export function createPolicyDigest(policy: Policy, { version, digest }: PolicyDigestOptions): PolicyDigestFor {
  const ofMany = new WeakMap<readonly PolicyEntry[], string>();
  const write = (entries: readonly PolicyEntry[], exemptions: readonly unknown[]): string => {
    const judged = entries.map(({ rule, severity, parameters }) => [rule.id, severity, parameters]);
    return digest(canonicalJson({ version, judged, ...(exemptions.length === 0 ? {} : { exemptions }) }));
  };
  return (object, at) => {
    const entries = policy.entriesFor(object.namespace, at.labelsOf);
    const exemptions = listExemptions(policy, entries, object, at);
    if (exemptions.length > 0) return write(entries, exemptions);
    const known = ofMany.get(entries) ?? write(entries, []);
    ofMany.set(entries, known);
    return known;
  };
}

function listExemptions(
  { exemptionOf }: Policy,
  entries: readonly PolicyEntry[],
  object: NamedObject,
  at: Moment,
): readonly unknown[] {
  if (exemptionOf === undefined) return [];
  return entries.flatMap(({ rule }) => {
    const exemption = exemptionOf(rule.id, object, at);
    return exemption === undefined ? [] : [[rule.id, exemption.state]];
  });
}
