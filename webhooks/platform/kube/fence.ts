import type { ApiError, KubeApi } from './api.ts';

/** Reason of the error that a write gets after the term is over. */
export const NOT_LEADING = 'NotLeading';

/**
 * An API that writes only while `isCurrent`. A process that was stopped for a while (a frozen node, a paused virtual
 * machine) wakes up in the middle of its work and learns only at its next renewal that another replica leads; this
 * keeps what it still has in its hands from being written over what the other one wrote meanwhile.
 */
export function fenceWrites(api: KubeApi, isCurrent: () => boolean): KubeApi {
  return {
    watch: api.watch.bind(api),
    request: (request) => {
      if (request.method === 'GET' || isCurrent()) return api.request(request);
      return Promise.resolve({ ok: false, error: refusal(`${request.method} ${request.path}`) });
    },
  };
}

function refusal(what: string): ApiError {
  const message = `${what}: not sent, because this replica may no longer be the leader`;
  return { status: 0, reason: NOT_LEADING, message, retry: true };
}
