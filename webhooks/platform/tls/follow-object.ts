import type { Clock } from '../clock.ts';
import type { ApiError, ApiResult, KubeApi } from '../kube/api.ts';
import { LONGEST_OBJECT_BYTES, objectPath } from '../kube/api.ts';
import { backoffDelay } from '../kube/backoff.ts';
import { listAt, metaOf } from '../kube/object.ts';
import { errorText, type Logger } from '../log.ts';

/** `again`: what had to be done could not be done now; ask again with a fresh object, later each time. */
export type Handled = 'done' | 'again';

export interface FollowedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespace?: string;
  readonly name: string;
}

export interface FollowOptions {
  readonly api: KubeApi;
  readonly object: FollowedObject;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called one at a time, with the newest state; undefined while the object does not exist. */
  readonly onObject: (object: unknown) => Promise<Handled>;
}

/** Waits after failures: quick at first, because a new pod is not ready before it has seen its objects. */
const backoff = { initialMs: 200, maxMs: 30_000 } as const;

/** The API server ends a watch after this; well below the idle limit, so that silence means a dead connection. */
const watchSeconds = 240;
const watchIdleMs = 300_000;
/** A watch that stays open for so long works, even if nothing happened meanwhile, in milliseconds. */
const healthyWatchMs = 30_000;

/**
 * Tells `onObject` the state of one named object, now and after each change, until the signal aborts. Needs only
 * get, list and watch on that name. One Secret and two webhook configurations do not justify a cache.
 */
export async function followObject(options: FollowOptions): Promise<void> {
  const { clock, signal } = options;
  let failures = 0;
  while (!signal.aborted) {
    const round = await followOnce(options);
    failures = round === 'again' ? failures + 1 : 0;
    if (failures > 0) await clock.sleep(backoffDelay(failures, backoff, Math.random), signal);
  }
}

/**
 * One list and the watch after it. `again` after whatever must not be repeated at once: a failure, but also a watch that
 * ended as soon as it was opened, which would make a loop without a pause.
 */
async function followOnce(options: FollowOptions): Promise<Handled> {
  const { api, clock, object, signal } = options;
  const { path, query } = listOf(object);
  const listed = await api.request({ method: 'GET', path, query, signal });
  if (!listed.ok) return reportFailure(options, listed.error);

  const handle = createSerialHandler((state) => handleSafely(options, state));
  const stop = new AbortController();
  const first = await handle(listAt(listed.body, 'items')[0]);
  if (first === 'again' || isAborted(signal)) return first;
  const openedAt = clock.monotonicMs();
  let last: Promise<Handled> | undefined;
  let isAlive = false;
  const end = await api.watch(
    {
      path,
      query: {
        ...query,
        resourceVersion: metaOf(listed.body).resourceVersion,
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(watchSeconds),
      },
      idleTimeoutMs: watchIdleMs,
      signal: AbortSignal.any([signal, stop.signal]),
    },
    ({ type, object: changed }) => {
      isAlive = true;
      if (type === 'BOOKMARK') return;
      last = handle(type === 'DELETED' ? undefined : changed).then((handled) => {
        if (handled === 'again') stop.abort();
        return handled;
      });
    },
  );
  // 410 means that our resourceVersion is too old: list again, which is nothing to report.
  if (end.why === 'failed' && end.error.status !== 410) return reportFailure(options, end.error);
  isAlive ||= clock.monotonicMs() - openedAt >= healthyWatchMs;
  return isAlive ? (last ?? 'done') : 'again';
}

/** The object as it is now, not as a cache remembers it; undefined when it does not exist. The right to list is enough. */
export async function readObject(api: KubeApi, object: FollowedObject, signal: AbortSignal): Promise<ApiResult> {
  const listed = await api.request({ method: 'GET', ...listOf(object), maxBytes: LONGEST_OBJECT_BYTES, signal });
  return listed.ok ? { ok: true, body: listAt(listed.body, 'items')[0] } : listed;
}

/** A list of one name: what a right with `resourceNames` allows to list and to watch. */
function listOf(object: FollowedObject): { readonly path: string; readonly query: Readonly<Record<string, string>> } {
  return {
    path: objectPath({ apiVersion: object.apiVersion, plural: object.plural, ...namespaceOf(object) }),
    query: { fieldSelector: `metadata.name=${object.name}` },
  };
}

/** Runs one call at a time; while one runs only the newest waiting state is kept, and the others get its outcome. */
function createSerialHandler(onObject: FollowOptions['onObject']): FollowOptions['onObject'] {
  let newest: unknown;
  let running: Promise<Handled> = Promise.resolve('done');
  let waiting: Promise<Handled> | undefined;
  return (object) => {
    newest = object;
    waiting ??= running.then(() => {
      waiting = undefined;
      running = onObject(newest);
      return running;
    });
    return waiting;
  };
}

/** A bug in the handling of one object must neither end the process nor the following. */
async function handleSafely({ onObject, log, object }: FollowOptions, state: unknown): Promise<Handled> {
  try {
    return await onObject(state);
  } catch (error) {
    log.error('handling a followed object failed', { kind: object.kind, name: object.name, error: errorText(error) });
    return 'again';
  }
}

function reportFailure({ log, object, signal }: FollowOptions, error: ApiError): Handled {
  if (signal.aborted) return 'done';
  log.warn('cannot follow an object, trying again', { kind: object.kind, name: object.name, error: error.message });
  return 'again';
}

function namespaceOf(object: FollowedObject): { readonly namespace?: string } {
  return object.namespace === undefined ? {} : { namespace: object.namespace };
}

/** A call, because the compiler believes that the signal cannot have changed since it was last looked at. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
