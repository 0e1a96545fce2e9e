import { GATEWAY_REGISTERED } from '../resources/gateway-asking.ts';
import { expandedKinds } from '../resources/index.gen.ts';
import type { Cause } from './availability.ts';
import { conditionOf, WAITING } from './condition.ts';
import { renderStanding } from './foreign/standing.ts';
import { formerPodFailure } from './former-release.ts';
import { optionalTypes } from './optional-conditions.ts';
import { toolReasons } from './tool-reasons.ts';
import { toolEvents } from './tools-status.ts';
import type { Condition, MCPServer, MCPServerStatus, PodFailure, ServerCapabilities } from '../mcpserver/types.gen.ts';

/** One thing worth telling whoever runs `kubectl describe`. */
export interface NextEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  /** What was being done, in the words of the reference API. */
  readonly action: string;
  /** Of any length: whoever writes the Event cuts it to what the API takes. */
  readonly note: string;
}

/** By the reason of a condition that goes wrong: what was being done when it did. */
const failures: ReadonlyMap<string, string> = new Map([
  ['Invalid', 'ConfigurationValidation'],
  ['EndpointUnavailable', 'MCPHandshakeFailed'],
  [toolReasons.changed, 'ToolContractCheck'],
  [toolReasons.notAllowed, 'ToolContractCheck'],
  ['GatewayNotRegistered', 'GatewayBindingReconcileFailed'],
  ['IngressPending', 'IngressCheck'],
  ['IngressNotAllowed', 'IngressCheck'],
  ['FeatureDisabled', 'OptionalAPICheck'],
  ['APINotInstalled', 'OptionalAPICheck'],
  ...expandedKinds.map(({ unavailable: { reason, eventAction } }) => [reason, eventAction] as const),
  ...expandedKinds.flatMap(({ trouble }) =>
    trouble === undefined ? [] : [[trouble.reason, trouble.eventAction] as const],
  ),
]);

/** The conditions whose turning False is told, in this order. */
const toldTypes = ['Accepted', 'Available', 'Verified', GATEWAY_REGISTERED, ...optionalTypes];

const capabilityNames = [
  'tools',
  'resources',
  'prompts',
  'logging',
  'completions',
] as const satisfies readonly (keyof ServerCapabilities)[];

/**
 * What happened between the status of the server and the next: good news once for each transition, bad news whenever
 * its cause is another one, and nothing when the status is the same.
 */
export function nextEvents(
  { spec, previous }: { readonly spec: MCPServer['spec']; readonly previous: MCPServerStatus | undefined },
  next: MCPServerStatus,
  /** What the condition Available comes from. */
  cause: Cause,
): readonly NextEvent[] {
  if (previous === next) return [];
  const turned = (type: string): Condition | undefined => findTurned(previous, next, type);
  const accepted = turned('Accepted');
  const ready = turned('Ready');
  const registered = turned(GATEWAY_REGISTERED);
  return [
    ...(accepted === undefined ? [] : [normal(accepted, 'ConfigurationAccepted')]),
    ...toleratedChange(previous, next),
    ...standingChange(previous, next),
    ...toldTypes.flatMap((type) => warnings({ previous, next, cause }, type)),
    ...unavailability({ previous, next, cause }),
    ...stalledRollout(previous, next),
    ...capabilityChange(previous, next),
    ...toolEvents(previous, next),
    ...toolsNotKnown(previous, next),
    ...insecureTls(spec, previous, next),
    ...(ready?.reason === 'Available' ? [normal(ready, 'ServerReady')] : []),
    ...(registered === undefined ? [] : [normal(registered, 'GatewayRegistration')]),
  ];
}

/** The condition, if it has become True. */
function findTurned(previous: MCPServerStatus | undefined, next: MCPServerStatus, type: string): Condition | undefined {
  const condition = conditionOf(next, type);
  return condition?.status === 'True' && conditionOf(previous, type)?.status !== 'True' ? condition : undefined;
}

interface Change {
  readonly previous: MCPServerStatus | undefined;
  readonly next: MCPServerStatus;
  readonly cause: Cause;
}

function warnings({ previous, next, cause }: Change, type: string): readonly NextEvent[] {
  const condition = conditionOf(next, type);
  // A Deployment whose pods do not run is unavailable too, and was reconciled all the same: see `unavailability`.
  if (condition?.status !== 'False' || (type === 'Available' && cause !== 'refused')) return [];
  if (next.extensions?.causes?.[type] === WAITING) return [];
  const action = failures.get(condition.reason);
  const before = conditionOf(previous, type);
  if (
    action === undefined ||
    (before?.status === 'False' && !hasAnotherCause({ previous, next }, { before, now: condition }))
  )
    return [];
  return [warning(condition.reason, action, condition.message)];
}

/**
 * A server that stopped answering, and why its pods do not run as soon as that is known. Not a Deployment that is on its
 * way, nor one more restart of the same container.
 */
function unavailability({ previous, next, cause }: Change): readonly NextEvent[] {
  const available = conditionOf(next, 'Available');
  if (available === undefined || !unavailable.has(cause)) return [];
  const before = conditionOf(previous, 'Available');
  const isLost = before?.status === 'True' && before.reason === 'Available';
  const isExplained = cause !== 'waiting' && tellsAnother({ previous, next }, 'Available');
  return isLost || isExplained ? [warning(available.reason, 'ServerUnavailable', available.message)] : [];
}

const unavailable: ReadonlySet<Cause> = new Set(['waiting', 'pod-fails', 'halted']);

/** New pods that do not come up while others serve; otherwise `unavailability` tells. */
function stalledRollout(previous: MCPServerStatus | undefined, next: MCPServerStatus): readonly NextEvent[] {
  const stalled = conditionOf(next, 'Progressing');
  if (stalled?.status !== 'False' || conditionOf(next, 'Available')?.status !== 'True') return [];
  // A rollout that ends so has an event of its own, with the same words.
  if (haltedPhases.has(next.extensions?.rollout?.phase ?? '')) return [];
  return tellsAnother({ previous, next }, 'Progressing')
    ? [warning(stalled.reason, 'RolloutStalled', stalled.message)]
    : [];
}

const haltedPhases: ReadonlySet<string> = new Set(['Rejected', 'RolledBack', 'Blocked']);

/** Whether a condition that is False is so for another cause than before. What pods fail of is compared as data. */
function tellsAnother({ previous, next }: Omit<Change, 'cause'>, type: string): boolean {
  const [before, now] = [conditionOf(previous, type), conditionOf(next, type)];
  if (before?.status !== 'False' || before.reason !== now?.reason) return true;
  const [failedBefore, fails] = [failureIn(previous), failureIn(next)];
  if (failedBefore !== undefined && fails !== undefined) return !isSameFailure(failedBefore, fails);
  return hasAnotherCause({ previous, next }, { before, now });
}

/**
 * Whether one bad condition is news after another: by its reason, and by its cause where that is known of both. An earlier
 * release kept none. What it says counts for nothing.
 */
function hasAnotherCause(
  { previous, next }: Omit<Change, 'cause'>,
  { before, now }: { readonly before: Condition; readonly now: Condition },
): boolean {
  const [cause, causeNow] = [previous, next].map((status) => status?.extensions?.causes?.[now.type]);
  return before.reason !== now.reason || (cause !== undefined && causeNow !== undefined && cause !== causeNow);
}

function failureIn(status: MCPServerStatus | undefined): PodFailure | undefined {
  return status?.extensions?.podFailure ?? formerPodFailure(status);
}

/** Restarts are counted in the condition; what a kubelet says of it differs from moment to moment. */
function isSameFailure(a: PodFailure, b: PodFailure): boolean {
  return compared.every((field) => a[field] === b[field]);
}

const compared = [
  'cause',
  'pod',
  'exitCode',
  'image',
  'hint',
  'advice',
] as const satisfies readonly (keyof PodFailure)[];

/** Once for each change of the spec that leaves it on: whoever reads the events should meet it. */
function insecureTls(
  { transport }: MCPServer['spec'],
  previous: MCPServerStatus | undefined,
  next: MCPServerStatus,
): readonly NextEvent[] {
  const { enabled, insecureSkipVerify } = transport?.tls ?? {};
  const isNews = previous?.observedGeneration !== next.observedGeneration;
  if (!isNews || enabled !== true || insecureSkipVerify !== true) return [];
  const note =
    'Certificate verification is disabled (spec.transport.tls.insecureSkipVerify): the verification accepts any ' +
    'certificate, so Verified does not say who answered. Use caBundleSecret instead.';
  return [warning('InsecureTLSConfigured', 'ConfigurationValidation', note)];
}

/** Accepted all the same, and worth a look: a new server would be refused. */
function toleratedChange(previous: MCPServerStatus | undefined, next: MCPServerStatus): readonly NextEvent[] {
  const accepted = conditionOf(next, 'Accepted');
  const tolerated = countTolerated(next);
  if (tolerated === 0 || accepted?.status !== 'True') return [];
  if (conditionOf(previous, 'Accepted')?.status === 'True' && countTolerated(previous) === tolerated) return [];
  return [warning('ViolationsTolerated', 'ConfigurationValidation', accepted.message)];
}

function countTolerated(status: MCPServerStatus | undefined): number {
  const { tolerated = [], toleratedNotListed = 0 } = status?.extensions?.policy ?? {};
  return tolerated.length + toleratedNotListed;
}

/** Whoever reads the events should meet what runs and is not in the spec; once for each change of it. */
function standingChange(previous: MCPServerStatus | undefined, next: MCPServerStatus): readonly NextEvent[] {
  const standing = next.extensions?.foreign;
  if (standing === undefined) return [];
  const said = renderStanding(standing);
  const before = previous?.extensions?.foreign;
  if (before !== undefined && renderStanding(before) === said) return [];
  return [warning('ForeignFieldsStand', 'ForeignFieldsFound', `Runs although the MCPServer does not say it: ${said}`)];
}

function capabilityChange(previous: MCPServerStatus | undefined, next: MCPServerStatus): readonly NextEvent[] {
  const before = previous?.serverInfo?.capabilities;
  const after = next.serverInfo?.capabilities;
  if (before === undefined || after === undefined) return [];
  const changes = capabilityNames
    .map((name) => ({ name, was: before[name] ?? false, is: after[name] ?? false }))
    .filter(({ was, is }) => was !== is)
    .map(({ name, was, is }) => `${name}: ${was}->${is}`);
  return changes.length === 0 ? [] : [warning('CapabilityChanged', 'CapabilityChangeDetected', changes.join(', '))];
}

/** What is pinned or has to be read-only, and cannot be looked at; of lists without a digest `toolEvents` tells. */
function toolsNotKnown(previous: MCPServerStatus | undefined, next: MCPServerStatus): readonly NextEvent[] {
  const verified = conditionOf(next, 'Verified');
  const isNews = conditionOf(previous, 'Verified')?.reason !== verified?.reason;
  if (verified?.reason !== toolReasons.unknown || !isNews || next.extensions?.tools?.reason !== undefined) return [];
  return [warning(verified.reason, 'ToolContractCheck', verified.message)];
}

function normal({ reason, message }: Condition, action: string): NextEvent {
  return { type: 'Normal', reason, action, note: message };
}

function warning(reason: string, action: string, message: string): NextEvent {
  return { type: 'Warning', reason, action, note: message };
}
