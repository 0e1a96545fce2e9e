import { applyDefaults } from '../defaults/apply.ts';
import { evaluate } from '../engine/evaluate.ts';
import type { ReferenceFacts, ReferenceState } from '../engine/facts.ts';
import type { Finding } from '../engine/finding.ts';
import { renderDenial } from '../engine/render.ts';
import type { Installation } from '../engine/installation.ts';
import type { Digest } from '../engine/ratchet.ts';
import type { Rule, RuleInput } from '../engine/rule.ts';
import type { Reference } from '../mcpserver/references.ts';
import { isConfiguration, referencesOf } from '../mcpserver/references.ts';
import type { MCPServer, PolicyState } from '../mcpserver/types.gen.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { expandedKinds as everyKind } from '../resources/index.gen.ts';
import type { ExpandedKind, KubernetesObject } from '../resources/expanded-kind.ts';
import { caBundleUsable } from '../rules/ca-bundle-usable.ts';
import { configMapExists } from '../rules/config-map-exists.ts';
import { configMapKeyExists } from '../rules/config-map-key-exists.ts';
import { rules as everyRule } from '../rules/index.gen.ts';
import { secretExists } from '../rules/secret-exists.ts';
import { secretKeyExists } from '../rules/secret-key-exists.ts';
import type { Action } from './action.ts';
import type { ObservedChild } from './observed.ts';
import { plan } from './plan.ts';
import { ownsChildren, ratchetServer } from './ratchet-server.ts';

/** Everything that was gathered about one server. */
export interface DecideInput {
  /** As it was read, not defaulted. */
  readonly server: MCPServer;
  readonly facts: ReferenceFacts;
  readonly installation?: Installation | undefined;
  readonly configHash?: string;
  readonly observed: readonly ObservedChild[];
  readonly digest: Digest;
  /** From `digestPolicy`, of the same rules. */
  readonly policyDigest: string;
  readonly rules?: readonly Rule[];
  readonly expandedKinds?: readonly ExpandedKind[];
}

export type Decision =
  /** Carry out the actions; status says Accepted. */
  | {
      readonly verdict: 'accepted';
      readonly server: MCPServer;
      readonly findings: readonly Finding[];
      readonly policy: PolicyState;
      readonly desired: readonly KubernetesObject[];
      readonly actions: readonly Action[];
    }
  /** Do nothing: what runs keeps running as it is. Status says why. */
  | {
      readonly verdict: 'invalid';
      readonly server: MCPServer;
      readonly findings: readonly Finding[];
      readonly policy: PolicyState;
      readonly message: string;
    }
  /** It cannot be told whether everything that the server references is there: leave all alone and try again. */
  | { readonly verdict: 'retry'; readonly server: MCPServer; readonly reason: string };

/**
 * The whole decision about one server, in one pure call. Judged again although admission did: a server may have been
 * stored before the rule existed, or past the webhook.
 */
export function decide(input: DecideInput): Decision {
  const { facts, installation, configHash, rules = everyRule, expandedKinds = everyKind } = input;
  const server = applyDefaults(input.server);
  const subject = { server, facts, installation, references: referencesOf(server) };
  const findings = evaluate(rules, subject);
  const { enforced, policy } = ratchetServer({ ...input, server, findings, rules });
  const blocking = [...enforced, ...findMissing(subject)];
  if (blocking.length > 0) {
    return { verdict: 'invalid', server, findings, policy, message: explainInvalid(input, blocking) };
  }
  const reason = findUnknown(subject);
  if (reason !== undefined) return { verdict: 'retry', server, reason };
  const expansion = { server, ...(configHash === undefined ? {} : { configHash }) };
  const desired = expandedKinds.flatMap((kind) => kind.build(expansion) ?? []);
  const actions = plan({ server, expandedKinds, desired, observed: input.observed, digest: input.digest });
  return { verdict: 'accepted', server, findings, policy, desired, actions };
}

/** What is wrong, in the words of admission; and what that means for a server that runs already. */
function explainInvalid(input: DecideInput, blocking: readonly Finding[]): string {
  const { message } = renderDenial(blocking);
  return ownsChildren(input) ? `${message}; nothing is rolled out until then, what runs stays as it is` : message;
}

const aboutConfiguration: readonly Rule[] = [
  ...[configMapExists, configMapKeyExists, secretExists, secretKeyExists],
  caBundleUsable,
];

/**
 * What is not there and has to be: objects, keys, and certificates in a CA bundle. Admission only warns about it,
 * because it may come later; pods cannot start without it (or never be verified), so here it blocks, whatever severity
 * those rules have.
 */
function findMissing(input: RuleInput): readonly Finding[] {
  const unknown = input.references.filter((reference) => lookUp(reference, input.facts).state === 'unknown');
  const notChecked = new Set(unknown.map(({ path }) => renderPath(path)));
  return evaluate(aboutConfiguration, input).filter(({ path }) => !notChecked.has(renderPath(path)));
}

/** Optional references count: their data is part of the configuration hash, so a guess would restart the pods. */
function findUnknown({ references, facts }: RuleInput): string | undefined {
  for (const reference of references.filter(isConfiguration)) {
    const found = lookUp(reference, facts);
    if (found.state === 'unknown') return `${reference.kind} '${reference.name}' not checked: ${found.reason}`;
  }
  return undefined;
}

function lookUp({ kind, name }: Reference, facts: ReferenceFacts): ReferenceState {
  return name === '' ? { state: 'missing' } : facts.lookUp(kind, name);
}
