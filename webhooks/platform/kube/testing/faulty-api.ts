import type { Clock } from '../../clock.ts';
import { errorFromAnswer, errorWithoutAnswer } from '../api-error.ts';
import type { ApiError, ApiRequest, ApiResult, KubeApi, WatchEnd, WatchEvent, WatchRequest } from '../api.ts';
import { metaOf } from '../object.ts';
import { isOlder } from '../resource-version.ts';
import type { FakeKubeApi } from './fake-kube-api.ts';

/** How a request goes wrong. */
export type Fault =
  | { readonly type: 'refused'; readonly status: number; readonly retryAfterSeconds?: number }
  /** Nobody takes the connection, or it ends before anything was done. */
  | { readonly type: 'lost' }
  /** What was asked for is done, and the answer does not arrive. */
  | { readonly type: 'unanswered' }
  /** Done at once, and answered after this time; beyond the time-out of the request that is no answer. */
  | { readonly type: 'slow'; readonly ms: number };

/** What a watch does instead of following, from when it is opened. */
export type WatchFault = 'silent' | ApiError;

/** An API server, and a network before it, of which a test says what goes wrong. */
export interface FaultyApi extends KubeApi {
  /** Every request and opened watch, with its time on the clock. */
  readonly asked: { readonly what: string; readonly atMs: number }[];
  /** Default: nothing goes wrong. */
  faultOf: (request: ApiRequest) => Fault | undefined;
  watchFaultOf: (request: WatchRequest) => WatchFault | undefined;
  /** Ends every watch that follows. */
  cutWatches(end?: WatchEnd): void;
  /** As an API server that was started anew, or compacted: a watch from a version before now is answered with 410. */
  forgetHistory(): void;
  /** As after a restore of etcd: there never was anything else. */
  loseHistory(): void;
}

/**
 * The fake API server tells a watch what happens after it was opened, and nothing of what happened before, so a watch that was cut would
 * miss that. Here it is told what comes after the version that it asks for, as by a real one.
 */
export function createFaultyApi(api: FakeKubeApi, clock: Clock): FaultyApi {
  const asked: { what: string; atMs: number }[] = [];
  const histories = new Map<string, History>();
  const historyOf = (request: Pick<WatchRequest, 'path' | 'query'>): History => {
    const id = `${request.path} ${request.query?.['labelSelector'] ?? ''}`;
    const history = histories.get(id) ?? new History(api, request);
    histories.set(id, history);
    return history;
  };
  const note = (what: string): void => void asked.push({ what, atMs: clock.monotonicMs() });
  const faulty: FaultyApi = {
    asked,
    faultOf: () => undefined,
    watchFaultOf: () => undefined,
    async request(request) {
      note(`${request.method} ${request.path}`);
      // From the first list on; a list of one object is none that anybody goes on from.
      if (request.method === 'GET' && request.query?.['limit'] !== undefined) historyOf(request);
      const fault = faulty.faultOf(request);
      return fault === undefined ? api.request(request) : await goWrong(fault, request, { api, clock });
    },
    async watch(request, onEvent) {
      note(`WATCH ${request.path}`);
      const fault = faulty.watchFaultOf(request);
      if (fault === undefined) return historyOf(request).follow(request, onEvent);
      if (fault !== 'silent') return { why: 'failed', error: fault };
      await clock.sleep(request.idleTimeoutMs, request.signal);
      return { why: request.signal.aborted ? 'aborted' : 'idle' };
    },
    cutWatches(end = { why: 'closed' }) {
      for (const history of histories.values()) history.cut(end);
    },
    forgetHistory() {
      for (const history of histories.values()) history.forget();
    },
    loseHistory() {
      for (const history of histories.values()) history.lose();
    },
  };
  return faulty;
}

export function refusalOf(
  { method, path }: Pick<ApiRequest, 'method' | 'path'>,
  { status, retryAfterSeconds }: { readonly status: number; readonly retryAfterSeconds?: number },
): ApiError {
  const retryAfter = retryAfterSeconds === undefined ? undefined : String(retryAfterSeconds);
  return errorFromAnswer({
    request: `${method} ${path}`,
    status,
    body: { message: 'as the test wants it' },
    retryAfter,
  });
}

async function goWrong(
  fault: Fault,
  request: ApiRequest,
  { api, clock }: { readonly api: KubeApi; readonly clock: Clock },
): Promise<ApiResult> {
  const { method, path, signal, timeoutMs = 10_000 } = request;
  const without = (reason: string): ApiResult => ({
    ok: false,
    error: errorWithoutAnswer(`${method} ${path}`, { reason, text: 'as the test wants it' }),
  });
  switch (fault.type) {
    case 'refused':
      return { ok: false, error: refusalOf(request, fault) };
    case 'lost':
      return without('Unreachable');
    case 'unanswered':
      await api.request(request);
      return without('Unreachable');
    case 'slow': {
      const answer = await api.request(request);
      await clock.sleep(Math.min(fault.ms, timeoutMs), signal);
      if (signal?.aborted === true) return without('Aborted');
      return fault.ms > timeoutMs ? without('Timeout') : answer;
    }
  }
}

interface Follower {
  readonly send: (event: WatchEvent) => void;
  readonly end: (end: WatchEnd) => void;
}

/** What happened in one collection since it was listed first, and who is told. */
class History {
  readonly #followers = new Set<Follower>();
  #events: WatchEvent[] = [];
  #isForgotten = false;

  constructor(api: KubeApi, { path, query }: Pick<WatchRequest, 'path' | 'query'>) {
    const watched = { path, ...(query === undefined ? {} : { query }), idleTimeoutMs: Infinity };
    // Until the end of the test.
    void api.watch({ ...watched, signal: new AbortController().signal }, (event) => {
      this.#events.push(event);
      for (const { send } of this.#followers) send(structuredClone(event));
    });
  }

  follow({ path, query, signal }: WatchRequest, onEvent: (event: WatchEvent) => void): Promise<WatchEnd> {
    const from = query?.['resourceVersion'] ?? '';
    if (this.#isForgotten) {
      this.#isForgotten = false;
      return Promise.resolve({ why: 'failed', error: refusalOf({ method: 'GET', path }, { status: 410 }) });
    }
    return new Promise((resolve) => {
      const end = (how: WatchEnd): void => {
        this.#followers.delete(follower);
        signal.removeEventListener('abort', onAbort);
        resolve(how);
      };
      const onAbort = (): void => {
        end({ why: 'aborted' });
      };
      const follower: Follower = { send: onEvent, end };
      if (signal.aborted) {
        resolve({ why: 'aborted' });
        return;
      }
      signal.addEventListener('abort', onAbort);
      this.#followers.add(follower);
      for (const event of this.#events) {
        if (isOlder(from, metaOf(event.object).resourceVersion)) onEvent(structuredClone(event));
      }
    });
  }

  cut(end: WatchEnd): void {
    for (const follower of [...this.#followers]) follower.end(end);
  }

  forget(): void {
    this.#isForgotten = true;
    this.#events = [];
  }

  lose(): void {
    this.#events = [];
  }
}
