import { failureOf, finalVerdict, isWithoutCommonVersion, knowsNotTheQuestion } from './judge-reply.ts';
import type { Asked, FailedVerdict, Unsuccessful } from './judge-reply.ts';
import { listAt } from '../kube/object.ts';
import type { ProbeResult } from './probe.ts';

/** What the question of one era has brought. */
export type EraAnswer = { readonly type: 'verdict'; readonly result: ProbeResult } | Unsettled;

/** The other era may bring more. */
export interface Unsettled {
  readonly type: 'unsettled';
  /**
   * other-era: the server says that it does not know the question. closed: somebody took the connection and closed it.
   * silent: no answer in time. unclear: an answer from which nothing follows.
   */
  readonly how: 'other-era' | 'closed' | 'silent' | 'unclear';
  /** What is told if nothing better comes. */
  readonly failure: FailedVerdict;
  /** The server has told its revisions, and none is ours: better than what any other answer tells. */
  readonly namesVersions?: boolean;
  /** HTTP status, where there was no message of MCP. */
  readonly httpStatus?: number;
}

export function unsettled(reply: Unsuccessful, asked: Asked): EraAnswer {
  const { url } = asked;
  const result = finalVerdict(reply, asked);
  if (result !== undefined) return { type: 'verdict', result };
  return {
    type: 'unsettled',
    how: howOf(reply),
    failure: { ...failureOf(reply, url), ...(reply.type === 'timeout' ? { isUnanswered: true } : {}) },
    ...(reply.type === 'http' ? { httpStatus: reply.status } : {}),
    ...(reply.type === 'rpc-error' ? { namesVersions: isWithoutCommonVersion(listAt(reply.data, 'supported')) } : {}),
  };
}

function howOf(reply: Unsuccessful): Unsettled['how'] {
  if (reply.type === 'timeout') return 'silent';
  if (reply.type === 'unreachable') return 'closed';
  return knowsNotTheQuestion(reply) ? 'other-era' : 'unclear';
}
