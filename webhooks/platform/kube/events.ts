import { randomBytes } from 'node:crypto';

import type { Clock } from '../clock.ts';
import { errorText } from '../log.ts';
import type { Logger } from '../log.ts';
import { objectPath } from './api.ts';
import type { KubeApi } from './api.ts';
import { microTime } from './lease.ts';

/** One thing worth telling whoever runs `kubectl describe`. Callers record transitions only: nothing is merged here. */
export interface EventToRecord {
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  /** `reportingInstance`: our pod. */
  readonly instance: string;
}

/** Events that wait to be written; beyond it the oldest are dropped. A lost event is never worth memory. */
const maxQueued = 500;

/** The API server's limit for `note`, in bytes: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
const maxNoteBytes = 1024;

/** Writes events.k8s.io/v1 Events one after another in the background; failures are logged, never thrown. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #queue: EventToRecord[] = [];
  #dropped = 0;
  #isWriting = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  record(event: EventToRecord): void {
    if (this.#queue.length >= maxQueued) {
      this.#queue.shift();
      this.#dropped += 1;
    }
    this.#queue.push(event);
    if (!this.#isWriting) void this.#write();
  }

  async #write(): Promise<void> {
    const { api, log } = this.#options;
    this.#isWriting = true;
    try {
      for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
        const { namespace, name } = event.regarding;
        const path = objectPath({ apiVersion: 'events.k8s.io/v1', plural: 'events', namespace });
        const result = await api.request({ method: 'POST', path, body: this.#toObject(event) });
        if (!result.ok)
          log.warn('an event could not be written', { namespace, server: name, error: result.error.message });
      }
      if (this.#dropped > 0) log.warn('events were dropped: too many at once', { dropped: this.#dropped });
      this.#dropped = 0;
    } catch (error) {
      log.error('events: unexpected failure', { error: errorText(error) });
    } finally {
      this.#isWriting = false;
    }
  }

  #toObject(event: EventToRecord): unknown {
    const { regarding, type, reason, action, note } = event;
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: {
        namespace: regarding.namespace,
        name: `${regarding.name.slice(0, 230)}.${randomBytes(8).toString('hex')}`,
      },
      eventTime: microTime(this.#options.clock.now()),
      reportingController: 'mcp-lifecycle',
      reportingInstance: this.#options.instance.slice(0, 128),
      regarding,
      type,
      reason,
      action,
      note: cutToBytes(note, maxNoteBytes),
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
