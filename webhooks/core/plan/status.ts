import { isSameJson } from '../engine/canonical-json.ts';
import { oneLine } from '../engine/text.ts';
import { childName, selectorText } from '../mcpserver/names.ts';
import { present } from '../mcpserver/record.ts';
import type { MCPServerStatus, PolicyState, StatusExtensions } from '../mcpserver/types.gen.ts';
import { GATEWAY_REGISTERED } from '../resources/gateway-asking.ts';
import { ingressOf } from '../resources/ingress.ts';
import type { Availability } from './availability.ts';
import { decideAvailability, isServing, isStuck, replicaFailureOf } from './availability.ts';
import { conditionOf, nextCondition, sayAgain } from './condition.ts';
import type { Said, Saying } from './condition.ts';
import { mentionStanding } from './foreign/standing.ts';
import { optionalTypes } from './optional-conditions.ts';
import { decideRollout, sayProgressing, sayReconciling, sayStalled } from './rollout.ts';
import type { Rollout } from './rollout.ts';
import { registrationBefore } from './gateway-registered.ts';
import { servedUrl } from './served-address.ts';
import { generationOf, olderOf } from './served-generation.ts';
import type { RegistrationStatus, StatusInput } from './status-input.ts';
import { whyAcceptsNothing } from './tool-demands.ts';
import { nextToolsStatus } from './tools-status.ts';
import { nextVerificationStatus } from './verification-status.ts';
import { decideVerified, ownFailure, speaksMcp } from './verified.ts';
import type { ConditionVerdict, Verified } from './verified.ts';

/** Reason of `Accepted=Unknown`; not in the reference API, which says nothing at all about such a server. */
export const NOT_CHECKED = 'NotChecked';

/** Longest cause of a condition, in characters; the CRD says the same. */
const maxCauseLength = 200;

/** Of `status.extensions.policy`; see {@link forEarlier}. */
const digestForEarlier = 'see revision';

/** What is decided about one server, before it is written down. */
export interface Verdicts {
  readonly availability: Availability;
  readonly verified: Verified;
  readonly ready: ConditionVerdict;
  readonly rollout: Rollout;
}

export function decideVerdicts(input: StatusInput): Verdicts {
  const availability = decideAvailability(input);
  const verified = decideVerified(input, availability);
  const ready = decideReady(input, { availability, verified });
  const servesBadly = ownFailure(input, verified);
  const rollout = decideRollout({ ...input, availability, servesBadly, readyGeneration: ready.generation });
  return { availability, verified, ready, rollout };
}

/**
 * The status that follows from what is known: the same object as `previous` when it already says all of this, so that
 * nothing is written when nothing changed.
 */
export function nextStatus(input: StatusInput, verdicts = decideVerdicts(input)): MCPServerStatus {
  const { availability, verified } = verdicts;
  const { previous, now, server } = input;
  const generation = generationOf(server);
  const context = { previous, generation, now };
  const said = conditions.flatMap((one) => sayAll(one, input, verdicts));
  const next: MCPServerStatus = {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase: decidePhase(availability, verified),
    ...(isThere(input) ? whereItRuns(input, verdicts) : {}),
    ...present({ gatewayBinding: registrationOf(input).gatewayBinding }),
    ...retryCount(input, verified),
    replicas: input.deployment?.replicas ?? 0,
    readyReplicas: input.deployment?.readyReplicas ?? 0,
    selector: selectorText(server),
    ...extensionsOf(input, verdicts, said),
    conditions: said.map((one) => nextCondition(one, context)),
  };
  return previous !== undefined && saysTheSame(previous, next) ? previous : next;
}

/** One condition, with its cause where that can be compared: of bad news. */
function sayAll({ type, say, cause }: ConditionOfOurs, input: StatusInput, verdicts: Verdicts): readonly Said[] {
  const saying = say(input, verdicts);
  if (saying === undefined) return [];
  const { status, reason, message, generation } = saying;
  const because = status === 'False' ? cause?.(input, verdicts) : undefined;
  const compared = because === undefined ? {} : { cause: oneLine(because, maxCauseLength) };
  return [{ type, status, reason, message, generation, ...compared }];
}

function isThere({ accepted }: StatusInput): boolean {
  return accepted.state === 'valid';
}

/** Undefined where there is none to be reached. */
function clusterUrlOf(input: StatusInput, availability: Availability): string | undefined {
  const { server, serviceExists, isApplied = true, rollout = null } = input;
  if (!isThere(input) || !serviceExists) return undefined;
  // Where nothing serves, what is about to is the one that stands there. What may be put back is called where it was.
  const isServed = isServing(availability) ? availability.generation === generationOf(server) : isApplied;
  return servedUrl(input, isServed && rollout === null);
}

/** Where nothing was brought about, what was said of it stays. */
function registrationOf({ optional, registration = {}, previous }: StatusInput): RegistrationStatus {
  return optional === undefined ? registrationBefore(previous) : registration;
}

function whereItRuns(input: StatusInput, { availability, verified }: Verdicts): MCPServerStatus {
  const { server, deployment, serviceExists } = input;
  const name = childName(server);
  const url = registrationOf(input).url ?? clusterUrlOf(input, availability);
  const address = present({ url });
  return {
    ...(deployment === undefined ? {} : { deploymentName: name }),
    ...(serviceExists ? { serviceName: name, address } : {}),
    ...(speaksMcp(verified) ? whatItIs(input) : {}),
  };
}

/** What was verified before stands with its verdict until somebody was asked again. */
function whatItIs({ previous, verification }: StatusInput): Pick<MCPServerStatus, 'serverInfo'> {
  if (verification.state === 'verified') return { serverInfo: verification.serverInfo };
  const { serverInfo } = previous ?? {};
  return verification.state === 'not-attempted' && serverInfo !== undefined ? { serverInfo } : {};
}

/** What we say beyond the reference API; what could not be judged or looked at now stays as it was. */
function extensionsOf(
  input: StatusInput,
  { verified, ...verdicts }: Verdicts,
  said: readonly Said[],
): Pick<MCPServerStatus, 'extensions'> {
  const { previous, policy, podFailure, release, standing, rollout } = input;
  const before = previous?.extensions ?? {};
  const causes = said.flatMap(({ type, cause }) => (cause === undefined ? [] : [[type, cause] as const]));
  const extensions = {
    ...present({
      release,
      // Where it is published nowhere, the address is just that.
      clusterURL: isPublished(input) ? clusterUrlOf(input, verdicts.availability) : undefined,
      gateway: registrationOf(input).offer,
      causes: causes.length === 0 ? undefined : Object.fromEntries(causes),
      policy: forEarlier(policy ?? before.policy),
      foreign: standing === undefined ? before.foreign : (standing ?? undefined),
      rollout: rollout === undefined ? before.rollout : (rollout ?? undefined),
      podFailure: tellsOfPods(verdicts) ? podFailure : undefined,
    }),
    ...whatItAnswered(input, verified),
  };
  return Object.keys(extensions).length === 0 ? {} : { extensions };
}

/**
 * A release before 0.2 reconciles no server with a policy that has no digest, which its schema demands: so a rollback to it would
 * leave all of them. It is none of theirs, so the rules are others for it.
 */
function forEarlier(policy: PolicyState | undefined): PolicyState | undefined {
  return policy === undefined ? undefined : { digest: digestForEarlier, ...policy };
}

function isPublished({ server }: StatusInput): boolean {
  return server.spec.gateway !== undefined || ingressOf(server) !== undefined;
}

function whatItAnswered(input: StatusInput, verified: Verified): Pick<StatusExtensions, 'verification' | 'tools'> {
  const verification = nextVerificationStatus(input, verified);
  const of = { image: verification?.image, now: input.now };
  return present({ verification, tools: nextToolsStatus(input, verified, of) });
}

/** Whether some condition has the failure of a pod in its message: only then it is worth a write. */
function tellsOfPods({ availability, rollout }: Pick<Verdicts, 'availability' | 'rollout'>): boolean {
  return availability.cause === 'pod-fails' || (rollout.state === 'stalled' && availability.cause !== 'refused');
}

/** Zero is not said, unless another number was: an older one, or one that the reference operator left behind. */
function retryCount({ verification, previous }: StatusInput, verified: ConditionVerdict): MCPServerStatus {
  const before = previous?.handshakeRetryCount;
  const counted = verification.state === 'failed' ? verification.failures : before;
  const failures = verified.status === 'False' && !speaksMcp(verified) ? (counted ?? 0) : 0;
  return failures > 0 || before !== undefined ? { handshakeRetryCount: failures } : {};
}

function decideAccepted({ accepted, policy, standing, server }: StatusInput): Saying {
  switch (accepted.state) {
    case 'valid': {
      const found = `${mentionTolerated(policy)}${mentionStanding(standing ?? undefined)}`;
      const besides = `${found}${mentionNotice({ notice: whyAcceptsNothing(server) })}${mentionNotice(accepted)}`;
      return { status: 'True', reason: 'Valid', message: `Configuration is valid${besides}` };
    }
    case 'invalid':
      return { status: 'False', reason: 'Invalid', message: `${accepted.message}${mentionNotice(accepted)}` };
    case 'not-checked':
      return { status: 'Unknown', reason: NOT_CHECKED, message: accepted.message };
  }
}

function mentionNotice({ notice }: { readonly notice?: string | undefined }): string {
  return notice === undefined ? '' : `; ${notice}`;
}

function mentionTolerated({ tolerated = [], toleratedNotListed = 0 }: Partial<PolicyState> = {}): string {
  const count = tolerated.length + toleratedNotListed;
  if (count === 0) return '';
  const [what, it] = count === 1 ? ['1 violation is', 'it was'] : [`${count} violations are`, 'they were'];
  return `; ${what} tolerated because ${it} there before, see status.extensions.policy.tolerated`;
}

/**
 * Workload and protocol in one, with the reasons of v1alpha1, and of the older of their generations. Not True before the
 * handshake: who waits for Ready wants to connect next.
 */
function decideReady(
  { previous }: StatusInput,
  { availability, verified }: Pick<Verdicts, 'availability' | 'verified'>,
): ConditionVerdict {
  if (!isServing(availability)) return availability;
  const generation = olderOf(availability.generation, verified.generation);
  switch (verified.status) {
    case 'True':
      return { ...availability, generation };
    case 'False':
      return { status: 'False', reason: 'MCPEndpointUnavailable', message: verified.message, generation };
    case 'Unknown':
      return { status: 'Unknown', reason: 'Initializing', message: whyUnknown(previous, verified), generation };
  }
}

/** The words of the verification; of what nobody has asked since, what was said here before. */
function whyUnknown(previous: MCPServerStatus | undefined, { from, message }: Verified): string {
  if (from === 'answer') return message;
  const before = from === 'before' ? conditionOf(previous, 'Ready') : undefined;
  return before?.status === 'Unknown' ? before.message : 'Waiting for the MCP handshake';
}

/**
 * Every condition that is ours to write, in both vocabularies of the API and in the order in which they are written; one
 * that has nothing to say is not there. Those of others stay untouched.
 */
const conditions: readonly ConditionOfOurs[] = [
  { type: 'Ready', say: (_, { ready }) => ready },
  {
    type: 'Accepted',
    say: decideAccepted,
    cause: ({ accepted }) => (accepted.state === 'invalid' ? accepted.cause : undefined),
  },
  { type: 'Available', say: (_, { availability }) => availability, cause: causeOfUnavailability },
  { type: 'Verified', say: (_, { verified }) => verified, cause: causeOfFailure },
  optionalCondition(GATEWAY_REGISTERED),
  {
    type: 'Progressing',
    say: (_, { rollout }) => sayProgressing(rollout),
    cause: (_, { rollout }) => (rollout.state === 'stalled' ? rollout.cause : undefined),
  },
  { type: 'Reconciling', say: (_, { rollout }) => sayReconciling(rollout) },
  { type: 'Stalled', say: (_, { rollout }) => sayStalled(rollout) },
  ...optionalTypes.map(optionalCondition),
];

function optionalCondition(type: string): ConditionOfOurs {
  return {
    type,
    say: (input) => sayOptional(input, type),
    cause: (input) => sayOptional(input, type)?.cause,
  };
}

function causeOfUnavailability({ deployment, problem }: StatusInput, { availability }: Verdicts): string | undefined {
  const { cause } = availability;
  if (cause === 'refused') return problem?.cause;
  const refused = deployment === undefined ? undefined : replicaFailureOf(deployment);
  return cause === 'halted' ? `halted ${refused?.reason ?? ''}` : cause;
}

/** What was found out before stands with its cause until somebody was asked again. */
function causeOfFailure({ previous, verification }: StatusInput, { verified }: Verdicts): string | undefined {
  if (verified.from === 'before') return causeBefore(previous, 'Verified');
  if (verified.cause !== undefined) return verified.cause;
  return verification.state === 'failed' ? verification.cause : undefined;
}

function causeBefore(previous: MCPServerStatus | undefined, type: string): string | undefined {
  return previous?.extensions?.causes?.[type];
}

/** Where nothing was brought about, what was said of it stays, unless something else is missing now. */
function sayOptional({ optional, lacking, previous }: StatusInput, type: string): Said | undefined {
  if (optional !== undefined) return optional.find((said) => said.type === type);
  const before = conditionOf(previous, type);
  if (before === undefined) return undefined;
  return lacking?.get(type) ?? { type, ...sayAgain(before), ...present({ cause: causeBefore(previous, type) }) };
}

interface ConditionOfOurs {
  readonly type: string;
  readonly say: (input: StatusInput, verdicts: Verdicts) => Saying | undefined;
  /**
   * What tells it from other bad news of the same reason, in no words: events are told of another cause, whatever becomes
   * of the sentence. Absent: its reason says it all, or `podFailure` does.
   */
  readonly cause?: (input: StatusInput, verdicts: Verdicts) => string | undefined;
}

/**
 * What serves, in one word; what becomes of its successor is said by Progressing.
 *
 * Running: something serves (or is scaled to zero, as asked) and its endpoint is not known to be broken.
 * Failed: somebody has to change something first.
 * Pending: it is on its way.
 *
 * | Available                                              | Verified        | phase   |
 * | ------------------------------------------------------ | --------------- | ------- |
 * | True                                                   | True or Unknown | Running |
 * | True                                                   | False           | Failed  |
 * | False: invalid, a child refused, a pod that cannot run | any             | Failed  |
 * | False: waiting or rolling out; Unknown                 | any             | Pending |
 */
function decidePhase(availability: Availability, verified: ConditionVerdict): NonNullable<MCPServerStatus['phase']> {
  if (availability.status === 'True') return verified.status === 'False' ? 'Failed' : 'Running';
  return isStuck(availability) ? 'Failed' : 'Pending';
}

/**
 * Conditions that others wrote (another version of the API's controller, a gateway) are not compared; nor is who of us wrote
 * last, which is no reason to write again. But when another release did, what only that one knows is over: it goes with one write.
 */
export function saysTheSame(previous: MCPServerStatus, next: MCPServerStatus): boolean {
  const isOfAnother = previous.extensions?.release !== next.extensions?.release;
  return !(isOfAnother && saysMore(previous)) && isSameJson(ownPart(previous), ownPart(next));
}

const ownExtensions = {
  ...{ causes: true, clusterURL: true, foreign: true, gateway: true, podFailure: true, policy: true },
  ...{ release: false, rollout: true, tools: true, verification: true },
} as const satisfies Record<keyof StatusExtensions, boolean>;

const compared = Object.entries(ownExtensions).flatMap(([name, isCompared]) => (isCompared ? [name] : []));

function ownPart(status: MCPServerStatus): MCPServerStatus {
  const extensions = Object.fromEntries(
    Object.entries(status.extensions ?? {}).filter(([name]) => compared.includes(name)),
  );
  return { ...status, extensions, conditions: conditions.flatMap(({ type }) => conditionOf(status, type) ?? []) };
}

/** Something that we never say. */
function saysMore(status: MCPServerStatus): boolean {
  const ownTypes = new Set<string>(conditions.map(({ type }) => type));
  return (
    Object.keys(status.extensions ?? {}).some((name) => !Object.hasOwn(ownExtensions, name)) ||
    (status.conditions ?? []).some(({ type }) => !ownTypes.has(type))
  );
}
