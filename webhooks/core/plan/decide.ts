import { gatewaySettingsOf } from '../engine/facts.ts';
import type { ReferenceFacts } from '../engine/facts.ts';
import type { Finding } from '../engine/finding.ts';
import type { ApiStates, Installation } from '../engine/installation.ts';
import { judge } from '../engine/judge.ts';
import type { PreparedServer, Verdict } from '../engine/judge.ts';
import type { PolicyVersion } from '../engine/policy-version.ts';
import type { LabelsOf, Policy } from '../engine/policy.ts';
import { fingerprint } from '../engine/ratchet.ts';
import type { Digest } from '../engine/ratchet.ts';
import { renderDenial } from '../engine/render.ts';
import { candidateName, namespaceOf, TEMPLATE_HASH_ANNOTATION } from '../mcpserver/names.ts';
import { isConfiguration } from '../mcpserver/references.ts';
import type { MCPServer, PolicyState } from '../mcpserver/types.gen.ts';
import { expandedKinds as everyKind } from '../resources/index.gen.ts';
import type { ExpandedKind, ExpansionInput, KubernetesObject } from '../resources/expanded-kind.ts';
import { announcedBy } from '../resources/gateway-announcement.ts';
import { usableKinds } from '../resources/optional-kind.ts';
import { isAnnounced } from './announced.ts';
import { childOf, isSameChild } from './action.ts';
import type { Action, ChildName } from './action.ts';
import type { ObservedChild } from './observed.ts';
import { ownerOf } from './ownership.ts';
import { plan } from './plan.ts';
import { planRollout } from './plan-rollout.ts';
import type { PlannedRollout } from './plan-rollout.ts';
import { routedFromOf } from './routed-from.ts';
import { sayAsReference } from './reference-words.ts';
import { maxCompared, ownsChildren, ratchetServer } from './ratchet-server.ts';
import { formerMetricsPortsOf, formerPortsOf, servedAddressOf } from './served-address.ts';
import type { UncheckedReference } from './unchecked-reference.ts';

/** Everything that was gathered about one server. */
export interface DecideInput {
  readonly subject: PreparedServer;
  readonly facts: ReferenceFacts;
  readonly installation?: Installation | undefined;
  readonly configHash?: string;
  readonly observed: readonly ObservedChild[];
  readonly digest: Digest;
  readonly policy: Policy;
  /** From `createPolicyVersion`, of the same policy. */
  readonly policyVersion: PolicyVersion;
  /** Of namespaces; absent where nobody may read them. */
  readonly labelsOf?: LabelsOf | undefined;
  /** RFC 3339. */
  readonly now: string;
  readonly expandedKinds?: readonly ExpandedKind[];
  /** Of the optional kinds; by default nobody knows, and nothing of them is planned. */
  readonly apis?: ApiStates;
  /** Label pod-template-hash of the pods that serve, where all have the same. */
  readonly replicaSet?: string | undefined;
  /** At which pods are reached, also those on their way out. */
  readonly podPorts?: readonly number[];
  /** At which their metrics are read, where those have a port of their own. */
  readonly podMetricsPorts?: readonly number[];
  /** Whether status can say where a rollout is; default: it can. */
  readonly isRemembered?: boolean;
}

export type Decision =
  /** Carry out the actions; status says Accepted. */
  | {
      readonly verdict: 'accepted';
      readonly server: MCPServer;
      readonly findings: readonly Finding[];
      readonly policy: PolicyState;
      readonly desired: readonly KubernetesObject[];
      /** What of it announces the server to a gateway: it is announced by …. */
      readonly announcedBy: string | undefined;
      readonly actions: readonly Action[];
      /** Of the pods; the Deployment that serves is in no action while its template is held, or put back. */
      readonly rollout: PlannedRollout | undefined;
    }
  /** What runs keeps running as it is: the actions are about reports of the verdict alone. Status says why. */
  | {
      readonly verdict: 'invalid';
      readonly server: MCPServer;
      readonly findings: readonly Finding[];
      readonly actions: readonly Action[];
      readonly policy: PolicyState;
      readonly message: string;
      /** Digest of what is wrong, where, and of the values there; of no sentence. */
      readonly cause: string;
    }
  /** It cannot be told whether everything that the server references is there: leave all alone and try again. */
  | { readonly verdict: 'retry'; readonly server: MCPServer; readonly unchecked: UncheckedReference };

const unknownApis: ApiStates = new Map();

/**
 * What to do about one server; what to say follows in report.ts. Judged again although admission did: a server may have
 * been stored before the rule existed, or past the webhook.
 */
export function decide(input: DecideInput): Decision {
  const { subject, expandedKinds = everyKind, apis = unknownApis } = input;
  const { server } = subject;
  // Rules and the plan see the same APIs; the webhook is told of them in the same way.
  const installation = input.installation && { ...input.installation, apis };
  const verdict = judge(subject, { ...input, installation });
  const { rules } = input.policy;
  // What a rule could not look at is looked at again: see findUnchecked.
  const findings = verdict.findings.filter(({ isUnchecked }) => isUnchecked !== true);
  const { enforced, policy } = ratchetServer({ ...input, server, findings, rules });
  const blocking = [...enforced, ...findMissing(verdict, enforced)];
  const expand = (kinds: readonly ExpandedKind[]): Expanded => expandAs(kinds, input, verdict);
  if (blocking.length > 0) {
    const { actions: reports } = expand(expandedKinds.filter(({ isOfVerdict }) => isOfVerdict === true));
    const actions = [...reports, ...endOfCandidate(expandedKinds, input)];
    const message = explainInvalid(input, blocking);
    const cause = causeOf(input, blocking);
    return { verdict: 'invalid', server, findings: verdict.findings, policy, message, cause, actions };
  }
  const unchecked = findUnchecked(input);
  if (unchecked !== undefined) return { verdict: 'retry', server, unchecked };
  return { verdict: 'accepted', server, findings: verdict.findings, policy, ...expand(expandedKinds) };
}

interface Expanded {
  readonly desired: readonly KubernetesObject[];
  readonly announcedBy: string | undefined;
  readonly actions: readonly Action[];
  readonly rollout: PlannedRollout | undefined;
}

/** What is wanted of those of the kinds that can be used, and what has to be done for it. */
function expandAs(kinds: readonly ExpandedKind[], input: DecideInput, { findings }: Verdict): Expanded {
  const { configHash, installation, labelsOf, observed, digest, policy, apis = unknownApis, facts } = input;
  const { server } = input.subject;
  const rules = policy.entriesFor(namespaceOf(server), labelsOf).length;
  const expansion: ExpansionInput = {
    ...{ server, installation, compatibility: policy.compatibility, verdict: { findings, rules, apis } },
    formerPorts: formerPortsOf(server, input.podPorts, installation?.clusterDomain),
    served: servedAddressOf(server, installation?.clusterDomain),
    formerMetricsPorts: formerMetricsPortsOf(server, input.podMetricsPorts),
    ...(configHash === undefined ? {} : { configHash }),
    gateway: gatewaySettingsOf(server, facts),
    routedFrom: routedFromOf(server, observed),
    isAnnounced: isAnnounced(server, observed),
  };
  const usable = usableKinds(kinds, apis).filter((of) => of.isUndecided?.(expansion) !== true);
  const build = (more: Partial<ExpansionInput>): readonly KubernetesObject[] =>
    usable.flatMap((kind) => kind.build({ ...expansion, ...more }));
  const serving = build({});
  const rollout = rolloutOf(usable, serving, input);
  const candidateTemplate = rollout?.instructions.candidate === 'wanted' ? rollout.wanted.template : undefined;
  const servesAlone = expansion.served !== undefined && (rollout?.instructions.template ?? 'wanted') !== 'wanted';
  const desired = candidateTemplate === undefined && !servesAlone ? serving : build({ candidateTemplate, servesAlone });
  const known = desired.map((object) => withKnownHash(object, rollout));
  const actions = plan({ owner: ownerOf(server), childKinds: usable, desired: known, observed, digest });
  const kept = usable.filter((of) => of.isKept?.(expansion) === true);
  const isLeft = (action: Action): boolean => isHeld(action, rollout) || isOfKept(action, kept);
  const left = actions.filter((action) => !isLeft(action));
  return { desired, announcedBy: announcedBy(expansion), actions: left, rollout };
}

/** Whether the action would change or delete what stays as it is. */
function isOfKept(action: Action, kept: readonly ExpandedKind[]): boolean {
  const changes = action.type === 'delete' || (action.type === 'apply' && action.cause !== 'missing');
  return changes && kept.some(({ kind }) => kind === action.of.kind);
}

function rolloutOf(
  kinds: readonly ExpandedKind[],
  objects: readonly KubernetesObject[],
  { subject: { server }, observed, replicaSet, isRemembered = true, policy, digest, now }: DecideInput,
): PlannedRollout | undefined {
  const withPods = kinds.find(({ hasPods }) => hasPods === true);
  const deployment = objects.find(({ kind }) => kind === withPods?.kind);
  if (deployment === undefined) return undefined;
  const { compatibility } = policy;
  return planRollout({ server, deployment, observed, replicaSet, isRemembered, compatibility, digest, now });
}

/** The Deployment that serves, with the digest of its template: made for the rollout, it need not be made again by the plan. */
function withKnownHash(object: KubernetesObject, rollout: PlannedRollout | undefined): KubernetesObject {
  if (rollout === undefined || !isDeploymentOf(rollout, { kind: object.kind, name: object.metadata.name }))
    return object;
  const annotations = { ...object.metadata.annotations, [TEMPLATE_HASH_ANNOTATION]: rollout.wanted.template };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** Whether the action would give the Deployment that serves a template that is not for it now. */
function isHeld(action: Action, rollout: PlannedRollout | undefined): boolean {
  if (rollout?.instructions.template !== 'held' && rollout?.instructions.template !== 'put-back') return false;
  return isDeploymentOf(rollout, childOf(action));
}

function isDeploymentOf({ deployment: { kind, metadata } }: PlannedRollout, child: ChildName): boolean {
  return isSameChild(child, { kind, name: metadata.name });
}

/** A candidate of a spec that is not valid any more: nobody waits for what it proves. */
function endOfCandidate(
  kinds: readonly ExpandedKind[],
  { subject: { server }, observed, digest }: DecideInput,
): readonly Action[] {
  const candidates = observed.filter(({ name }) => name === candidateName(server));
  if (candidates.length === 0) return [];
  return plan({ owner: ownerOf(server), childKinds: kinds, desired: [], observed: candidates, digest });
}

/**
 * What is wrong, in the words of admission; and what that means for a server that runs already. Or in those of the reference
 * operator alone, where scripts that were written for it read them.
 */
function explainInvalid({ subject, observed, policy }: DecideInput, blocking: readonly Finding[]): string {
  const words = policy.compatibility === 'reference' ? sayAsReference(subject, blocking) : undefined;
  if (words !== undefined) return words;
  const { server } = subject;
  const { message } = renderDenial(blocking);
  const isRunning = ownsChildren({ server, observed });
  return isRunning ? `${message}; nothing is rolled out until then, what runs stays as it is` : message;
}

function causeOf({ subject: { server }, digest }: DecideInput, blocking: readonly Finding[]): string {
  const printed = fingerprint({ object: server, findings: blocking.slice(0, maxCompared) }, digest);
  return digest(printed.map((one) => one.fingerprint).join(' '));
}

/**
 * What is not there and has to be: objects, keys, and certificates in a CA bundle. Admission only warns about it,
 * because it may come later; here it blocks, whatever severity those rules have, and was never there before.
 */
function findMissing({ findings }: Verdict, enforced: readonly Finding[]): readonly Finding[] {
  return findings.filter((finding) => finding.holdsBack === true && !enforced.some((one) => isOfSame(one, finding)));
}

/** What is enforced may say more about why. */
function isOfSame(one: Finding, other: Finding): boolean {
  return one.ruleId === other.ruleId && one.path === other.path && one.detail === other.detail;
}

/** Optional references count: their data is part of the configuration hash, so a guess would restart the pods. */
function findUnchecked({ subject, facts }: DecideInput): UncheckedReference | undefined {
  for (const { kind, name } of subject.references.filter(isConfiguration)) {
    const found = name === '' ? undefined : facts.lookUp(kind, name);
    if (found?.state === 'unknown') return { kind, name, reason: found.reason, cause: found.cause };
  }
  return undefined;
}
