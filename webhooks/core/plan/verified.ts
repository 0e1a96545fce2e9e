import type { Condition, MCPServer } from '../mcpserver/types.gen.ts';
import type { Availability } from './availability.ts';
import { isServing } from './availability.ts';
import { conditionOf } from './condition.ts';
import type { Verification } from './observed.ts';
import { generationOf, olderOf, servedBefore } from './served-generation.ts';
import { sayTools } from './say-tools.ts';
import { isDemanding, judgeTools, toolDemandsOf } from './tool-demands.ts';
import { isAboutTools } from './tool-reasons.ts';
import { goneWhenAsked } from './verification-status.ts';
import type { StatusInput } from './status-input.ts';

/** What one condition says, and of which generation. */
export interface ConditionVerdict {
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: string;
  readonly generation: number | undefined;
}

/** The condition Verified. `from`: an answer; what status said before; or nothing, because nobody was asked. */
export interface Verified extends ConditionVerdict {
  readonly from: 'answer' | 'before' | 'nothing';
  /** Of bad news about its tools: tells it from other such news, in no words. */
  readonly cause?: string;
}

/** Whether the server is known to speak MCP, whatever its tools are. */
export function speaksMcp({ status, reason }: Pick<Verified, 'status' | 'reason'>): boolean {
  return status === 'True' || isAboutTools(reason);
}

/**
 * The condition Verified: what the pods that serve have answered. While others take their place it says what those before
 * them have answered, of their generation, until the new ones have. Nothing serves: not verified.
 */
export function decideVerified(input: StatusInput, availability: Availability): Verified {
  if (!isServing(availability)) {
    return { ...notVerified(input, availability), generation: generationOf(input.server) };
  }
  const { verification } = input;
  const before = saidBefore(input);
  const known = unlessUnknown(before);
  if (verification.state !== 'not-attempted') {
    const generation = heldFor(input, availability);
    // Nobody was asked yet what this spec has asked: the tools of before are not judged by its demands.
    if (known !== undefined && isOfBefore(generation, availability)) return { ...known, from: 'before', generation };
    const ofTools = sayOfTools(input, generation);
    if (ofTools !== undefined) return { ...ofTools, from: 'answer', generation };
    // An earlier reconciler has found it out, and its words stand there.
    if ('isBelieved' in verification && before !== undefined) return { ...before, from: 'before', generation };
    return { ...render(input.server, verification), from: 'answer', generation };
  }
  const { generation } = availability;
  if (known !== undefined) {
    return { ...known, from: 'before', generation: olderOf(known.generation, generation) };
  }
  const none = notVerified(input, availability);
  // What is unknown vouches for nobody.
  return before === undefined || none.from === 'answer'
    ? { ...none, generation }
    : { ...before, from: 'before', generation };
}

/** What those that serve now fail of; undefined also while the answer is still that of pods which have failed before them. */
export function ownFailure({ answeredBy, serving }: StatusInput, verified: Verified): string | undefined {
  const { podSet = '', generation = 0 } = answeredBy ?? {};
  const isOfOthers = (podSet !== '' && podSet !== serving.podSet) || generation > (verified.generation ?? 0);
  return verified.status === 'False' && !isOfOthers ? verified.message : undefined;
}

function notVerified(
  input: StatusInput,
  availability: Availability,
): Omit<ConditionVerdict, 'generation'> & Pick<Verified, 'from'> {
  const { server, verification, previous } = input;
  const gone = goneWhenAsked(server, verification, previous?.extensions?.verification);
  const isAtStake = isServing(availability) || availability.reason === 'DeploymentUnavailable';
  const common = { status: 'Unknown', reason: 'NotVerified' } as const;
  return gone > 0 && isAtStake
    ? { ...common, from: 'answer', message: explainEnd(gone) }
    : { ...common, from: 'nothing', message: 'Handshake has not been attempted' };
}

/** Of a server that speaks MCP, or would to somebody with credentials: what is wrong with its tools, if anything is. */
function sayOfTools(
  { server, previous, verification }: StatusInput,
  generation: number | undefined,
): ReturnType<typeof sayTools> {
  if (verification.state !== 'verified' && verification.state !== 'auth-required') return undefined;
  const isOlder = generation !== undefined && generation < (generationOf(server) ?? 0);
  const demands = toolDemandsOf(server, previous, { isOlder });
  return isDemanding(demands) ? sayTools(server, demands, judgeTools(demands, verification)) : undefined;
}

/** What is known of a server that is not there any more whenever it was asked: not that the question is why. */
function explainEnd(times: number): string {
  const often = times === 1 ? 'once' : `${times}+ times in a row`;
  return `Handshake has not succeeded: ${often}, the server closed the connection when it was asked, and was not available after that; it may end because of the question, its log says why (kubectl logs --previous)`;
}

/** What status says of pods that have served ever since. */
function saidBefore({ previous }: StatusInput): ConditionVerdict | undefined {
  const before = conditionOf(previous, 'Verified');
  if (before === undefined || !servedBefore(previous)) return undefined;
  const { status, reason, message, observedGeneration } = before;
  return { status, reason, message, generation: observedGeneration };
}

/** Of which generation an answer is: of what serves now if the same pods have given it, else of what served then. */
function heldFor({ answeredBy, serving }: StatusInput, { generation }: Availability): number | undefined {
  if (answeredBy === undefined) return generation;
  const isOfThese = answeredBy.podSet !== '' && answeredBy.podSet === serving.podSet;
  return isOfThese ? generation : olderOf(answeredBy.generation, generation);
}

function unlessUnknown(said: ConditionVerdict | undefined): ConditionVerdict | undefined {
  return said?.status === 'Unknown' ? undefined : said;
}

/** Whether something newer serves than what has answered. */
function isOfBefore(generation: number | undefined, availability: Availability): boolean {
  return generation !== undefined && generation < (availability.generation ?? 0);
}

function render(
  server: MCPServer,
  verification: Exclude<Verification, { readonly state: 'not-attempted' }>,
): Omit<ConditionVerdict, 'generation'> {
  switch (verification.state) {
    case 'verified':
      return { status: 'True', reason: 'Verified', message: 'MCP handshake succeeded' };
    case 'auth-required': {
      const said = verification.said === undefined ? '' : `: ${verification.said}`;
      return {
        ...{ status: 'True', reason: 'AuthSkipped' },
        message: `Endpoint returned auth error, treated as reachable${said}`,
      };
    }
    case 'throttled':
      return {
        ...{ status: 'Unknown', reason: 'NotVerified' },
        message: `Endpoint asks not to be asked now: ${verification.message}`,
      };
    case 'failed': {
      const isTls = verification.isTlsConfiguration === true;
      const preamble = isTls ? 'TLS configuration error' : 'MCP endpoint is not serving a valid MCP protocol';
      return {
        ...{ status: 'False', reason: 'EndpointUnavailable' },
        message: `${preamble}: ${explainFailure(server, verification)}`,
      };
    }
  }
}

/** The author's policy is honoured as it is; if it may be what keeps us out, nobody would guess so from a timeout. */
function explainFailure(
  { spec }: MCPServer,
  { message, isUnanswered }: Verification & { readonly state: 'failed' },
): string {
  const peers = spec.network?.ingressFrom ?? [];
  if (isUnanswered !== true || peers.length === 0) return message;
  return `${message}; spec.network.ingressFrom lets in only the peers that it lists: add one for the pods of mcp-lifecycle, or the server cannot be verified`;
}
