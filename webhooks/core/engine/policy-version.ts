import type { PolicyState } from '../mcpserver/types.gen.ts';
import { canonicalJson } from './canonical-json.ts';
import { atOwnSeverity } from './policy.ts';
import type { LabelsOf, Moment, NamedObject, Policy, PolicyEntry } from './policy.ts';
import type { Digest } from './ratchet.ts';
import { firstRevision } from './rule.ts';
import type { Rule } from './rule.ts';

/** By what an object was judged: as much of it as tells which rules may demand more than those of another time. */
export interface PolicyVersion {
  /** Of the catalogue of rules: the highest that a rule names. */
  readonly revision: number;
  /** What the policy makes of each rule that it changes, by id; absent where it changes none. */
  readonly digests?: Readonly<Record<string, string>>;
}

export type PolicyVersionFor = (
  object: NamedObject,
  at: Moment & { readonly labelsOf?: LabelsOf | undefined },
) => PolicyVersion;

/**
 * What of a policy is about other namespaces and other objects is no part of it, nor is which entry made it so, because
 * entries are renumbered when one is added. Made once for all that are judged alike and are excused from nothing.
 */
export function createPolicyVersion(policy: Policy, digest: Digest): PolicyVersionFor {
  const { rules, exemptionOf } = policy;
  const revision = revisionOf(rules);
  const own = new Map(rules.map((rule) => [rule.id, textOf(atOwnSeverity([rule]).entriesFor(''))]));
  const ofMany = new WeakMap<readonly PolicyEntry[], PolicyVersion>();

  const write = (entries: readonly PolicyEntry[], states: ReadonlyMap<string, string>): PolicyVersion => {
    const byRule = Map.groupBy(entries, ({ rule }) => rule.id);
    const digests = rules.flatMap(({ id }) => {
      const text = textOf(byRule.get(id) ?? [], states.get(id));
      return text === own.get(id) ? [] : [[id, digest(text).slice(0, digestLength)] as const];
    });
    return digests.length === 0 ? { revision } : { revision, digests: Object.fromEntries(digests) };
  };
  return (object, at) => {
    const entries = policy.entriesFor(object.namespace, at.labelsOf);
    const states = new Map<string, string>();
    for (const { rule } of exemptionOf === undefined ? [] : entries) {
      const exemption = exemptionOf?.(rule.id, object, at);
      if (exemption !== undefined) states.set(rule.id, exemption.state);
    }
    if (states.size > 0) return write(entries, states);
    const known = ofMany.get(entries) ?? write(entries, states);
    ofMany.set(entries, known);
    return known;
  };
}

/**
 * Digits of each digest: as many rules as there are stand in a status, and what is compared is one rule with what it was
 * before. Texts of up to ten characters are kept once for all statuses that are read.
 */
const digestLength = 8;

/** What a policy makes of one rule: nothing where it is off, several where labels of a namespace are not known. */
function textOf(entries: readonly PolicyEntry[], exemption?: string): string {
  return canonicalJson([exemption, ...entries.map(({ severity, parameters }) => [severity, parameters])]);
}

export function revisionOf(rules: readonly Pick<Rule, 'stricterIn'>[]): number {
  return Math.max(firstRevision, ...rules.map(({ stricterIn = firstRevision }) => stricterIn));
}

/**
 * Which rules may demand more now than when this was written: those that became stricter, and those of which the policy
 * says something else. All of them, after an earlier release, which did not say by what it judged, and after a later one,
 * which may have loosened what is strict here.
 */
export function mayDemandMore(
  since: PolicyState,
  now: PolicyVersion,
): (rule: Pick<Rule, 'id' | 'stricterIn'>) => boolean {
  const { revision, digests } = since;
  if (revision === undefined || revision > now.revision) return () => true;
  return ({ id, stricterIn = firstRevision }) => stricterIn > revision || digests?.[id] !== now.digests?.[id];
}
