import { childName, selectorText, serviceUrl } from '../mcpserver/names.ts';
import type { Condition, MCPServer, MCPServerStatus, PolicyState, VerificationStatus } from '../mcpserver/types.gen.ts';
import type { Availability } from './availability.ts';
import { decideAvailability, isServing } from './availability.ts';
import { canonicalJson } from '../engine/canonical-json.ts';
import { printable, shortenEnd } from '../engine/text.ts';
import { nextCondition } from './condition.ts';
import { mentionStanding } from './foreign/standing.ts';
import type { ProtocolEra, Verification, VerifiedEndpoint } from './observed.ts';
import type { StatusInput } from './status-input.ts';

/** Reason of `Accepted=Unknown`; not in the reference API, which says nothing at all about such a server. */
export const NOT_CHECKED = 'NotChecked';

/** How the message of Verified begins when no connection was tried, because what to trust could not be told. */
export const TLS_CONFIGURATION_ERROR = 'TLS configuration error';

/** How the message of Verified begins when the endpoint answered 429; its own words follow. */
export const THROTTLED = 'Endpoint asks not to be asked now';

/** How the message of Verified begins when the endpoint wants credentials; its own words follow. */
export const AUTH_SKIPPED = 'Endpoint returned auth error, treated as reachable';

const NOT_ATTEMPTED = 'Handshake has not been attempted';

/** Conditions that are ours to write, in both vocabularies of the API. Those of others stay untouched. */
const conditionTypes = ['Ready', 'Accepted', 'Available', 'Verified', 'GatewayRegistered'] as const;

/** The words of status for the eras. */
export const eras = { stateless: 'Stateless', handshake: 'Handshake' } as const satisfies Record<ProtocolEra, string>;

/** Longest image in status, in characters; the CRD says the same. */
const maxImageLength = 1000;

/** Fields of the API's status that we do not write yet. */
const foreignFields = new Set(['gatewayBinding']);

type ConditionType = (typeof conditionTypes)[number];

interface Verdict {
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: string;
}

/**
 * The status that follows from what is known: the same object as `previous` when it already says all of this, so that
 * nothing is written when nothing changed.
 */
export function nextStatus(input: StatusInput): MCPServerStatus {
  const availability = decideAvailability(input);
  const verified = decideVerified(input, availability);
  const verdicts: readonly (readonly [ConditionType, Verdict])[] = [
    ['Ready', decideReady(availability, verified)],
    ['Accepted', decideAccepted(input)],
    ['Available', availability],
    ['Verified', verified],
    ...(input.server.spec.gateway === undefined ? [] : [['GatewayRegistered', gatewayVerdict] as const]),
  ];
  const { previous, now } = input;
  const context = { previous, generation: input.server.metadata.generation, now };
  const next = {
    ...generationOf(input.server),
    phase: decidePhase(availability, verified),
    ...(input.accepted.state === 'valid' ? whereItRuns(input, verified) : {}),
    ...retryCount(input, verified),
    replicas: input.deployment?.replicas ?? 0,
    readyReplicas: input.deployment?.readyReplicas ?? 0,
    selector: selectorText(input.server),
    ...extensionsOf(input, verified),
    conditions: verdicts.map(([type, verdict]) => nextCondition({ type, ...verdict }, context)),
  };
  return previous !== undefined && saysTheSame(previous, next) ? previous : next;
}

function whereItRuns(input: StatusInput, verified: Verdict): MCPServerStatus {
  const { server, deployment, serviceExists, verification, clusterDomain } = input;
  const name = childName(server);
  return {
    ...(deployment === undefined ? {} : { deploymentName: name }),
    ...(serviceExists ? { serviceName: name, address: { url: serviceUrl(server, clusterDomain) } } : {}),
    ...(verified.status === 'True' && verification.state === 'verified' ? { serverInfo: verification.serverInfo } : {}),
  };
}

/** What we say beyond the reference API, beside what others do; the policy stays as it was while nothing can be judged. */
function extensionsOf(input: StatusInput, verified: Verdict): Pick<MCPServerStatus, 'extensions'> {
  const { previous, policy, standing } = input;
  const isNew = (name: string): boolean => name === 'verification' || (name === 'foreign' && standing !== undefined);
  const kept = Object.entries(previous?.extensions ?? {}).filter(([name]) => !isNew(name));
  const asked = askedOf(input, verified);
  const extensions = {
    ...Object.fromEntries(kept),
    ...(policy === undefined ? {} : { policy }),
    ...(standing === undefined || standing === null ? {} : { foreign: standing }),
    ...(asked === undefined ? {} : { verification: asked }),
  };
  return Object.keys(extensions).length === 0 ? {} : { extensions };
}

/** Counts are said while they hold; how to ask, and which tools there were, outlive a failure and a restart of ours. */
function askedOf({ server, previous, verification }: StatusInput, verified: Verdict): VerificationStatus | undefined {
  const before = previous?.extensions?.verification;
  const counted = verified.status === 'True' && verification.state === 'verified' ? verification : undefined;
  const toolsDigest = counted?.toolsDigest ?? before?.toolsDigest;
  const gone = goneWhenAsked(server, verification, before);
  const asked = {
    ...eraOf(server, verification, before),
    ...(gone === 0 ? {} : { goneWhenAsked: gone, image: eraImage(server.spec) }),
    ...failingPodsOf(verification, verified),
    ...(counted === undefined ? {} : countsOf(counted)),
    ...(toolsDigest === undefined ? {} : { toolsDigest }),
  };
  return Object.keys(asked).length === 0 ? undefined : asked;
}

/** With their words, because a restart of ours has to say the same until it has asked them itself. */
function failingPodsOf(verification: Verification, verified: Verdict): Pick<VerificationStatus, 'failingPods'> {
  if (verified.status !== 'False' || verification.state !== 'failed' || verification.failingPods === undefined)
    return {};
  return { failingPods: [...verification.failingPods] };
}

/** Of which image it is learnt how a server is asked. */
export function eraImage({ source }: MCPServer['spec']): string {
  return shortenEnd(printable(source.containerImage?.ref ?? ''), maxImageLength);
}

/** What was learnt of another image says nothing about this one. */
function eraOf(
  { spec }: MCPServer,
  verification: Verification,
  before: VerificationStatus | undefined,
): Pick<VerificationStatus, 'era' | 'image'> {
  const image = eraImage(spec);
  const learnt = 'era' in verification ? verification.era : undefined;
  if (learnt !== undefined) return { era: eras[learnt], image };
  return before?.era !== undefined && before.image === image ? { era: before.era, image } : {};
}

/**
 * How often it was gone when it was asked, as we or, before a restart of ours, status know it; 0: never, or it answered
 * since, or it is another image.
 */
function goneWhenAsked(
  { spec }: MCPServer,
  verification: Verification,
  before: VerificationStatus | undefined,
): number {
  if (verification.state !== 'not-attempted' && verification.state !== 'failed') return 0;
  const kept = before?.image === eraImage(spec) ? (before.goneWhenAsked ?? 0) : 0;
  return Math.max(kept, verification.state === 'not-attempted' ? (verification.gone ?? 0) : 0);
}

function countsOf({ offers = {}, notCounted }: VerifiedEndpoint): VerificationStatus {
  const { tools, resources, prompts } = offers;
  return {
    ...(tools === undefined ? {} : { toolCount: tools }),
    ...(resources === undefined ? {} : { resourceCount: resources }),
    ...(prompts === undefined ? {} : { promptCount: prompts }),
    ...(notCounted === undefined ? {} : { notCounted }),
  };
}

/** Zero is not said, unless another number was: an older one, or one that the reference operator left behind. */
function retryCount({ verification, previous }: StatusInput, verified: Verdict): MCPServerStatus {
  const isFailed = verified.status === 'False' && verification.state === 'failed';
  const failures = isFailed ? (verification.failures ?? 0) : 0;
  return failures > 0 || previous?.handshakeRetryCount !== undefined ? { handshakeRetryCount: failures } : {};
}

function decideAccepted({ accepted, policy, standing }: StatusInput): Verdict {
  switch (accepted.state) {
    case 'valid': {
      const besides = `${mentionTolerated(policy)}${mentionStanding(standing ?? undefined)}`;
      return { status: 'True', reason: 'Valid', message: `Configuration is valid${besides}` };
    }
    case 'invalid':
      return { status: 'False', reason: 'Invalid', message: accepted.message };
    case 'not-checked':
      return { status: 'Unknown', reason: NOT_CHECKED, message: accepted.message };
  }
}

function mentionTolerated({ tolerated = [], toleratedNotListed = 0 }: Partial<PolicyState> = {}): string {
  const count = tolerated.length + toleratedNotListed;
  if (count === 0) return '';
  const [what, it] = count === 1 ? ['1 violation is', 'it was'] : [`${count} violations are`, 'they were'];
  return `; ${what} tolerated because ${it} there before, see status.extensions.policy.tolerated`;
}

function decideVerified(input: StatusInput, availability: Availability): Verdict {
  const { server, verification } = input;
  switch (isServing(availability) ? verification.state : 'not-attempted') {
    case 'not-attempted':
      return { status: 'Unknown', reason: 'NotVerified', message: whyNotVerified(input, availability) };
    case 'verified':
      return { status: 'True', reason: 'Verified', message: 'MCP handshake succeeded' };
    case 'auth-required': {
      const said = verification.state === 'auth-required' ? verification.said : undefined;
      const message = `${AUTH_SKIPPED}${said === undefined ? '' : `: ${said}`}`;
      return { status: 'True', reason: 'AuthSkipped', message };
    }
    case 'throttled': {
      const said = verification.state === 'throttled' ? verification.message : '';
      return { status: 'Unknown', reason: 'NotVerified', message: `${THROTTLED}: ${said}` };
    }
    case 'failed': {
      const isTls = verification.state === 'failed' && verification.isTlsConfiguration === true;
      const preamble = isTls ? TLS_CONFIGURATION_ERROR : 'MCP endpoint is not serving a valid MCP protocol';
      const message = `${preamble}: ${explainFailure(server, verification)}`;
      return { status: 'False', reason: 'EndpointUnavailable', message };
    }
  }
}

function whyNotVerified({ server, verification, previous }: StatusInput, availability: Availability): string {
  const gone = goneWhenAsked(server, verification, previous?.extensions?.verification);
  const isAtStake = isServing(availability) || availability.reason === 'DeploymentUnavailable';
  return gone > 0 && isAtStake ? explainEnd(gone) : NOT_ATTEMPTED;
}

/** What is known of a server that is not there any more whenever it was asked: not that the question is why. */
function explainEnd(times: number): string {
  const often = times === 1 ? 'once' : `${times}+ times in a row`;
  return `Handshake has not succeeded: ${often}, the server closed the connection when it was asked, and was not available after that; it may end because of the question, its log says why (kubectl logs --previous)`;
}

/** The author's policy is honoured as it is; if it may be what keeps us out, nobody would guess so from a timeout. */
function explainFailure({ spec }: MCPServer, verification: Verification): string {
  if (verification.state !== 'failed') return '';
  const { message, isUnanswered = false } = verification;
  const peers = spec.network?.ingressFrom ?? [];
  if (!isUnanswered || peers.length === 0) return message;
  return `${message}; spec.network.ingressFrom lets in only the peers that it lists: add one for the pods of mcp-lifecycle, or the server cannot be verified`;
}

/**
 * Workload and protocol in one, with the reasons of v1alpha1. Not True before the handshake: who waits for Ready wants
 * to connect next.
 */
function decideReady(availability: Availability, verified: Verdict): Verdict {
  if (availability.status !== 'True' || availability.reason === 'ScaledToZero') return availability;
  switch (verified.status) {
    case 'True':
      return availability;
    case 'False':
      return { status: 'False', reason: 'MCPEndpointUnavailable', message: verified.message };
    case 'Unknown':
      return {
        ...{ status: 'Unknown', reason: 'Initializing' },
        message: verified.message === NOT_ATTEMPTED ? 'Waiting for the MCP handshake' : verified.message,
      };
  }
}

const gatewayVerdict: Verdict = {
  status: 'False',
  reason: 'GatewayNotRegistered',
  message: 'Gateway registration is not implemented in this version; the server is reachable inside the cluster only',
};

/**
 * Running: the workload runs (or is scaled to zero, as asked) and its endpoint is not known to be broken.
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
function decidePhase(availability: Availability, verified: Verdict): NonNullable<MCPServerStatus['phase']> {
  if (availability.status === 'True') return verified.status === 'False' ? 'Failed' : 'Running';
  return availability.isStuck ? 'Failed' : 'Pending';
}

function generationOf({ metadata }: MCPServer): { observedGeneration?: number } {
  return metadata.generation === undefined ? {} : { observedGeneration: metadata.generation };
}

/** Fields and conditions that others wrote (another version of the API's controller, a gateway) are not compared. */
export function saysTheSame(previous: MCPServerStatus, next: MCPServerStatus): boolean {
  return canonicalJson(ownPart(previous)) === canonicalJson(ownPart(next));
}

function ownPart(status: MCPServerStatus): MCPServerStatus {
  const fields = Object.fromEntries(Object.entries(status).filter(([name]) => !foreignFields.has(name)));
  const conditions = conditionTypes.flatMap(
    (type) => status.conditions?.find((condition) => condition.type === type) ?? [],
  );
  return { ...fields, conditions };
}
