import type { Clock } from '../clock.ts';
import { errorText } from '../log.ts';
import type { Logger } from '../log.ts';
import { LONGEST_OBJECT_BYTES } from './api.ts';
import type { ApiError, ApiResult, KubeApi, WatchEnd, WatchEvent } from './api.ts';
import { backoffDelay, jittered } from './backoff.ts';
import { keyOf, listAt, metaOf, recordAt, stringAt } from './object.ts';
import { isOlder } from './resource-version.ts';

/** What a list+watch tells its owner. A handler that throws is logged and counted; the watch goes on. */
export interface WatchHandlers {
  /**
   * An object that exists: from the list, or because it was created or changed. May repeat what is known. What is
   * remembered is newer only if its version is after `asOf`, that of the list or of the event.
   */
  onUpsert(object: unknown, asOf: string): void;
  onDelete(object: unknown): void;
  /** A list is complete: these keys exist; whatever else is remembered is gone. */
  onReplace(keys: Keys): void;
  /**
   * Versions went back, as after a restore of etcd: what is remembered may never have been, and no comparison of
   * versions tells. A whole list follows.
   */
  onRewritten?(): void;
}

/** Of objects that exist; a set, or what knows only whether a key is in it. */
export type Keys = Pick<ReadonlySet<string>, 'has'>;

export interface ListWatchOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** For logs and metrics: `mcpservers`. */
  readonly name: string;
  /** Of the objects, for their keys; a list does not say it of each. */
  readonly kind: string;
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Ask for metadata only: names and versions, a fraction of the bytes. */
  readonly metadataOnly?: boolean;
  /** Who owns which field is read, too. */
  readonly readsManagedFields?: boolean;
  /** Whether the handlers know an object in its version: such a one may come to them with nothing but its name, uid and version. */
  readonly isKnown?: (object: unknown) => boolean;
  /** When its watch ends next after this time, a list is made again. Default: {@link relistMs}. */
  readonly relistMs?: number;
  readonly handlers: WatchHandlers;
  /** The API server knows no such collection (404), which its owner can do something about; it is asked again all the same. */
  readonly onNotFound?: () => void;
  /** After each page of a list, and after the last one: the time to throw away what it was read from. */
  readonly onListed?: (what: 'page' | 'all') => void;
}

/**
 * Objects in one page of a list. A page is held three times for a moment (bytes, text, objects), and the heap does not
 * shrink soon after: small pages of whole objects, large ones of bare metadata.
 */
const pageSizes = { whole: 50, metadataOnly: 500 };
/** Longest page of several objects that is read, in bytes; one beyond it is asked for again with half the objects. */
const maxPageBytes = 2 * 1024 * 1024;
const listTimeoutMs = 60_000;
/** The server ends a watch after this time (jittered), so that a balancer in between never gets to decide. */
const watchSeconds = { min: 300, max: 600 };
/** The API server sends a bookmark about every minute: after two missing ones the stream is dead. */
const idleTimeoutMs = 150_000;
const retry = { initialMs: 250, maxMs: 30_000 };
/**
 * A list is made again after this time, jittered, when its watch ends next, in milliseconds: whatever was missed, for
 * whatever reason, is noticed then. Objects that are known in their version are no news.
 */
const relistMs = 45 * 60_000;
const relistJitter = 1 / 3;
/** A watch that stays open for so long works, even if nothing happened meanwhile, in milliseconds. */
const healthyWatchMs = 30_000;

const metadataOnlyAccept = {
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  watch: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
};

/**
 * Follows one collection: lists it page by page, then watches from there; resumes after a broken stream, lists again
 * when the server has forgotten our place (410), when nothing comes any more, and every now and then; and waits longer
 * after each failure in a row. A list that succeeds ends no such row: where lists are allowed and watches are not, it
 * would be all that ever happens.
 *
 * When etcd is restored from a snapshot, versions go back. A watch that goes on from a version of before then is open and
 * silent until they have caught up, and then goes on as if nothing were missing; a list that is older than what was seen, or
 * an event that is older than the last one, says it at once. API servers stand still meanwhile: when one was away, one object is
 * listed before the watch goes on, for the version of the list.
 */
export class ListWatch {
  readonly name: string;
  readonly #options: ListWatchOptions;
  #isSynced = false;
  #isForbidden = false;
  #failedEvents = 0;
  #failures = 0;
  readonly #fullPageSize: number;
  /** Of the next page; smaller where objects are long. */
  #pageSize: number;
  #lastSignOfLife: number;
  /** The newest version that was ever seen, empty before the first. */
  #newest = '';
  #isRewritten = false;
  /** Whether there was nobody who answered since the last watch. */
  #wasAway = false;
  /** On the monotonic clock. */
  #relistAtMs = Infinity;

  constructor(options: ListWatchOptions) {
    this.name = options.name;
    this.#options = options;
    this.#fullPageSize = options.metadataOnly === true ? pageSizes.metadataOnly : pageSizes.whole;
    this.#pageSize = this.#fullPageSize;
    this.#lastSignOfLife = options.clock.monotonicMs();
  }

  /** Whether a complete list was seen since the start. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Whether the last list was refused for want of rights; the next ones may not be. */
  get isForbidden(): boolean {
    return this.#isForbidden;
  }

  /** Events and lists that could not be handled, since the start. */
  get failedEvents(): number {
    return this.#failedEvents;
  }

  /** Since the last event, bookmark or list; a quiet and healthy watch stays below about 60. */
  secondsSinceLastEvent(): number {
    return (this.#options.clock.monotonicMs() - this.#lastSignOfLife) / 1_000;
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    let resourceVersion: string | undefined;
    while (!signal.aborted) {
      resourceVersion ??= await this.#list(signal);
      if (resourceVersion === undefined) continue;
      const goOn = this.#wasAway ? this.#lookAgain(resourceVersion, signal) : this.#watch(resourceVersion, signal);
      resourceVersion = await goOn;
    }
  }

  /** The same place, or undefined where that was never reached: the API server has come back with an older state. */
  async #lookAgain(from: string, signal: AbortSignal): Promise<string | undefined> {
    const { api, path } = this.#options;
    const query = { ...this.#selectors(), limit: '1' };
    const page = await api.request({ method: 'GET', path, query, accept: metadataOnlyAccept.list, signal });
    if (!page.ok) {
      await this.#pause(page.error, signal);
      return from;
    }
    this.#wasAway = false;
    const version = stringAt(recordAt(page.body, 'metadata'), 'resourceVersion') ?? '';
    return isOlder(version, from) ? undefined : from;
  }

  /** The version to watch from, or undefined after a failure (then it has already waited). */
  async #list(signal: AbortSignal): Promise<string | undefined> {
    const keys = new Set<string>();
    let token: string | undefined;
    do {
      const page = await this.#readPage(token, signal);
      if (!page.ok) return this.#listFailed(page.error, signal);
      token = this.#takePage(page.body, keys);
      this.#options.onListed?.('page');
    } while (token !== undefined && !signal.aborted);
    if (signal.aborted) return undefined;
    this.#replace(keys);
    this.#options.onListed?.('all');
    this.#isSynced = true;
    this.#isForbidden = false;
    const { clock, random } = this.#options;
    this.#lastSignOfLife = clock.monotonicMs();
    this.#relistAtMs = clock.monotonicMs() + jittered(this.#options.relistMs ?? relistMs, relistJitter, random);
    return this.#newest;
  }

  /** The next page; of as many objects as are short enough together, so that a few long ones stop nobody. */
  async #readPage(token: string | undefined, signal: AbortSignal): Promise<ApiResult> {
    const { api, metadataOnly, path } = this.#options;
    for (;;) {
      const page = await api.request({
        method: 'GET',
        path,
        query: { ...this.#selectors(), limit: String(this.#pageSize), continue: token },
        accept: metadataOnly === true ? metadataOnlyAccept.list : 'application/json',
        timeoutMs: listTimeoutMs,
        maxBytes: this.#pageSize > 1 ? maxPageBytes : LONGEST_OBJECT_BYTES,
        reading: { ignoresManagedFields: this.#options.readsManagedFields !== true },
        signal,
      });
      const isTooLarge = !page.ok && page.error.reason === 'TooLarge';
      if (!isTooLarge || this.#pageSize === 1) {
        this.#pageSize = page.ok ? Math.min(this.#pageSize * 2, this.#fullPageSize) : this.#pageSize;
        return page;
      }
      this.#pageSize = Math.ceil(this.#pageSize / 2);
    }
  }

  /** Hands its objects on; the token of the next page, if there is one. */
  #takePage(body: unknown, keys: Set<string>): string | undefined {
    const metadata = recordAt(body, 'metadata');
    const resourceVersion = stringAt(metadata, 'resourceVersion') ?? '';
    if (this.#isRewritten || isOlder(resourceVersion, this.#newest)) this.#startAnew();
    this.#newest = resourceVersion;
    for (const item of listAt(body, 'items')) {
      keys.add(this.#keyOf(item));
      this.#handle('onUpsert', item, resourceVersion);
    }
    const next = stringAt(metadata, 'continue');
    return next === '' ? undefined : next;
  }

  async #listFailed(error: ApiError, signal: AbortSignal): Promise<undefined> {
    this.#isForbidden = error.status === 403;
    await this.#pause(error, signal);
    return undefined;
  }

  /** The version to go on from, or undefined when a new list is needed. */
  async #watch(from: string, signal: AbortSignal): Promise<string | undefined> {
    const { api, clock, random } = this.#options;
    const openedAt = clock.monotonicMs();
    let resourceVersion = from;
    let isAlive = false;
    const attempt = new AbortController();
    const seconds = Math.round(watchSeconds.min + random() * (watchSeconds.max - watchSeconds.min));
    const end = await api.watch(
      {
        path: this.#options.path,
        query: {
          ...this.#selectors(),
          resourceVersion: from,
          allowWatchBookmarks: 'true',
          timeoutSeconds: String(seconds),
        },
        accept: this.#options.metadataOnly === true ? metadataOnlyAccept.watch : 'application/json',
        idleTimeoutMs,
        reading: {
          ignoresManagedFields: this.#options.readsManagedFields !== true,
          isKnown: this.#options.isKnown,
        },
        signal: AbortSignal.any([signal, attempt.signal]),
      },
      (event) => {
        const version = metaOf(event.object).resourceVersion || resourceVersion;
        this.#isRewritten ||= isOlder(version, resourceVersion);
        if (this.#isRewritten) {
          attempt.abort();
          return;
        }
        resourceVersion = this.#newest = version;
        isAlive = true;
        this.#aliveAgain();
        this.#dispatch(event);
      },
    );
    isAlive ||= clock.monotonicMs() - openedAt >= healthyWatchMs;
    if (isAlive) this.#failures = 0;
    return this.#afterWatch(end, { resourceVersion, isAlive }, signal);
  }

  async #afterWatch(
    end: WatchEnd,
    progress: { readonly resourceVersion: string; readonly isAlive: boolean },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const isForgotten =
      end.why === 'failed' && (end.error.status === 410 || end.error.reason === 'ResourceVersionTooLarge');
    if (end.why === 'failed' && !isForgotten) {
      this.#wasAway ||= isAbsence(end.error);
      await this.#pause(end.error, signal);
      // A refusal (403, 404) is about the collection, not about our place in it: only a list can say more.
      return end.error.retry ? progress.resourceVersion : undefined;
    }
    const isLost = this.#isPlaceLost(end);
    // A server that ends each watch at once, or forgets each place, would otherwise be asked in a loop.
    const isTooSoon = end.why !== 'idle' && !progress.isAlive;
    if (isTooSoon || this.#isRewritten) await this.#sleepLonger(signal);
    return isLost || this.#isRelistDue() ? undefined : progress.resourceVersion;
  }

  /** Whether only a list tells where to go on, after what is no failure. */
  #isPlaceLost({ why }: WatchEnd): boolean {
    const { log, name } = this.#options;
    if (why === 'idle') log.warn('watch: nothing came, not even a bookmark; listing again', { watch: name });
    if (why === 'failed') log.debug('the API server forgot our place: listing again', { watch: name });
    return why === 'idle' || why === 'failed' || this.#isRewritten;
  }

  #isRelistDue(): boolean {
    return this.#options.clock.monotonicMs() >= this.#relistAtMs;
  }

  #startAnew(): void {
    const { handlers, log, name } = this.#options;
    log.warn('watch: versions went back, as after a restore of etcd; everything is read anew', { watch: name });
    this.#isRewritten = false;
    try {
      handlers.onRewritten?.();
    } catch (error) {
      this.#handlerFailed(error, '');
    }
  }

  async #pause(error: ApiError, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { clock, log, name, onNotFound, random } = this.#options;
    this.#failures += 1;
    const waitMs =
      error.retryAfterMs === undefined
        ? backoffDelay(this.#failures, retry, random)
        : jittered(Math.max(error.retryAfterMs, retry.initialMs), 0.1, random);
    const told = error.status === 404 ? onNotFound : undefined;
    // Whoever is told ends this watch before long: until then the same is no news each time.
    const level = told !== undefined && this.#failures > 1 ? 'debug' : 'warn';
    log[level]('watch: interrupted', {
      watch: name,
      error: error.message,
      failures: this.#failures,
      retryInMs: waitMs,
    });
    told?.();
    await clock.sleep(waitMs, signal);
  }

  /** As {@link #pause} after what is no error, unless it goes on and on. */
  async #sleepLonger(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    this.#failures += 1;
    await clock.sleep(backoffDelay(this.#failures, retry, random), signal);
  }

  #aliveAgain(): void {
    this.#failures = 0;
    this.#lastSignOfLife = this.#options.clock.monotonicMs();
  }

  #keyOf(object: unknown): string {
    return keyOf({ kind: this.#options.kind, ...metaOf(object) });
  }

  #selectors(): Readonly<Record<string, string | undefined>> {
    return { labelSelector: this.#options.labelSelector, fieldSelector: this.#options.fieldSelector };
  }

  #dispatch(event: WatchEvent): void {
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
        this.#handle('onUpsert', event.object, metaOf(event.object).resourceVersion);
        return;
      case 'DELETED':
        this.#handle('onDelete', event.object, '');
        return;
      case 'BOOKMARK':
        return;
    }
  }

  #handle(handler: 'onUpsert' | 'onDelete', object: unknown, asOf: string): void {
    try {
      this.#options.handlers[handler](object, asOf);
    } catch (error) {
      this.#handlerFailed(error, this.#keyOf(object));
    }
  }

  #replace(keys: ReadonlySet<string>): void {
    try {
      this.#options.handlers.onReplace(keys);
    } catch (error) {
      this.#handlerFailed(error, '');
    }
  }

  #handlerFailed(error: unknown, object: string): void {
    this.#failedEvents += 1;
    this.#options.log.error('watch: an event could not be handled', {
      watch: this.#options.name,
      object,
      error: errorText(error),
    });
  }
}

/** Nobody answered, or a balancer in the place of an API server: https://www.rfc-editor.org/rfc/rfc9110#status.502 */
function isAbsence({ status }: ApiError): boolean {
  return status === 0 || (status >= 502 && status <= 504);
}
