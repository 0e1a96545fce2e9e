import { randomBytes } from 'node:crypto';

import { printable } from '../../core/engine/text.ts';
import type { NextEvent } from '../../core/plan/events.ts';
import type { Clock } from '../clock.ts';
import { errorText } from '../log.ts';
import type { Logger } from '../log.ts';
import { objectPath } from './api.ts';
import type { ApiResult, KubeApi } from './api.ts';
import { microTime } from './lease.ts';
import { RecentEvents, storyOf } from './recent-events.ts';
import type { Story } from './recent-events.ts';
import { Turns } from '../turns.ts';

/** One thing worth telling whoever runs `kubectl describe`. */
export interface EventToRecord extends NextEvent {
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
}

export interface EventRecorderOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  /** `reportingInstance`: our pod. */
  readonly instance: string;
}

/**
 * Events that wait to be written; beyond it the oldest of the namespace that has most are dropped. A lost event is never
 * worth memory.
 */
const maxQueued = 500;

const eventsApi = { apiVersion: 'events.k8s.io/v1', plural: 'events' } as const;

/** An answer says that the Event is written: nobody needs to read it. */
const reading = { isKnown: (): boolean => true };

/** The API server's limit for `note`, in bytes: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
const maxNoteBytes = 1024;

/**
 * Writes events.k8s.io/v1 Events one after another in the background, namespaces in turn; failures are logged, never thrown. What happens
 * again within ten minutes is counted on the Event that is there: `kubectl describe` says `(x3 over 5m)`.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #queue = new Turns<EventToRecord>();
  readonly #recent = new RecentEvents();
  #dropped = 0;
  #isWriting = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  record(event: EventToRecord): void {
    if (this.#queue.size >= maxQueued) {
      this.#queue.takeFromLargest();
      this.#dropped += 1;
    }
    this.#queue.add(event.regarding.namespace, event);
    if (this.#isWriting) return;
    this.#write().catch((error: unknown) => {
      this.#options.log.error('events: unexpected failure', { error: errorText(error) });
    });
  }

  async #write(): Promise<void> {
    const { log } = this.#options;
    this.#isWriting = true;
    try {
      for (let event = this.#queue.take()?.item; event !== undefined; event = this.#queue.take()?.item) {
        const { namespace, name } = event.regarding;
        const story = storyOf(event);
        const result = (await this.#countOn(event, story)) ?? (await this.#create(event, story));
        // A namespace on its way out takes its servers along, and nobody is left to be told.
        if (!result.ok && result.error.reason !== 'NamespaceTerminating')
          log.warn('an event could not be written', { namespace, server: name, error: result.error.message });
      }
      if (this.#dropped > 0) log.warn('events were dropped: too many at once', { dropped: this.#dropped });
      this.#dropped = 0;
    } finally {
      this.#isWriting = false;
    }
  }

  /** Undefined when it was not told lately, or the Event that told it is gone. */
  async #countOn(event: EventToRecord, story: Story): Promise<ApiResult | undefined> {
    const { api, clock } = this.#options;
    const now = clock.now();
    const written = this.#recent.find(story, clock.monotonicMs());
    if (written === undefined) return undefined;
    const count = written.count + 1;
    const result = await api.request({
      method: 'PATCH',
      path: objectPath({ ...eventsApi, namespace: event.regarding.namespace, name: written.name }),
      contentType: 'application/merge-patch+json',
      body: { series: { count, lastObservedTime: microTime(now) } },
      reading,
    });
    if (!result.ok && result.error.status === 404) return undefined;
    if (result.ok) this.#recent.put(story, { name: written.name, count }, clock.monotonicMs());
    return result;
  }

  async #create(event: EventToRecord, story: Story): Promise<ApiResult> {
    const { api, clock } = this.#options;
    const { namespace, name: server } = event.regarding;
    const now = clock.now();
    const name = `${server.slice(0, 230)}.${randomBytes(8).toString('hex')}`;
    const path = objectPath({ ...eventsApi, namespace });
    const result = await api.request({ method: 'POST', path, body: this.#toObject(event, { name, now }), reading });
    if (result.ok) this.#recent.put(story, { name, count: 1 }, clock.monotonicMs());
    return result;
  }

  #toObject(event: EventToRecord, { name, now }: { readonly name: string; readonly now: Date }): unknown {
    const { regarding, type, reason, action, note } = event;
    return {
      apiVersion: eventsApi.apiVersion,
      kind: 'Event',
      metadata: { namespace: regarding.namespace, name },
      eventTime: microTime(now),
      reportingController: 'mcp-lifecycle',
      reportingInstance: this.#options.instance.slice(0, 128),
      regarding,
      type,
      reason,
      action,
      note: cutToBytes(printable(note), maxNoteBytes),
    };
  }
}

/** The longest beginning of `text` within `maxBytes` of UTF-8 that does not split a character; cut text ends in `…`. */
export function cutToBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  let end = Math.min(text.length, maxBytes);
  while (Buffer.byteLength(text.slice(0, end)) > maxBytes - 3) end -= 1;
  const cut = text.slice(0, end);
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}
