import { constants } from 'node:os';
import { oneLine } from '../core/engine/text.ts';
import type { Readiness } from '../platform/http/health.ts';
import type { NotificationMessage } from './message.ts';
import type { RestartReason } from './metrics.ts';
import { probe, type ProbeContext, type Probed } from './probe.ts';
import { SharedRequests } from './requests.ts';
import type { SharedProcess } from './shared-session.ts';
import type { PeerEnd } from './peer.ts';
import { exitCodeOf, type GiveUpReason } from './shim.ts';

/** How clients are served at the moment. */
export type Serving =
  /** Nobody is: a clause about the server. */
  | { readonly type: 'nothing'; readonly why: string }
  /** One process for all of 2026-07-28 and later. */
  | {
      readonly type: 'modern';
      readonly requests: SharedRequests;
      readonly tell: (bytes: Uint8Array) => boolean;
      /** That it offers. */
      readonly versions: readonly string[];
    }
  /** A process for each session; the revisions that it speaks. */
  | { readonly type: 'sessions'; readonly versions: readonly string[] }
  /** One process for all sessions. */
  | { readonly type: 'shared'; readonly process: SharedProcess; readonly versions: readonly string[] };

export interface KeeperOptions extends ProbeContext {
  readonly maxPending: number;
  /** Of a process that sessions share, what belongs to no request. */
  readonly onUnrelated: (message: NotificationMessage) => void;
  /** A process that sessions share has ended, and they with it. */
  readonly onSharedEnd: () => void;
}

interface WhyGivenUp {
  readonly why: string;
  readonly end: PeerEnd | undefined;
  readonly reason?: GiveUpReason | undefined;
}

/** Waits after 1, 2, 3 … failures in a row, in seconds; the last one for all that follow. */
const restartSeconds = [1, 2, 4, 8, 16, 30];
/** Failures in a row after which nobody is sent to us any more. */
const failuresUntilUnready = 3;
/** Starts that fail in a row until the container ends, so that the kubelet tells it and takes over the waiting. */
const failedStartsUntilExit = 3;
/**
 * Failures in a row, be it after it had answered, until the container ends as well: the waits are as long as they get, and
 * only what the kubelet tells of a container comes into the status.
 */
const failuresUntilExit = restartSeconds.length;
/** What the shim itself ends with when it does not find its program, or may not run it; as a shell has it. */
const codesOfShim: readonly number[] = [126, 127];
/** A process that has lived so long did not fail to start, in milliseconds. */
const steadyMs = 60_000;
/** Longest clause about a server. */
const maxWhyLength = 300;

/**
 * Keeps the server probed, and the process that clients share alive:
 *
 *     no shim ── connected ──> starting ── probed ──> serving ── process ends ──> waiting (1, 2, 4 … 30 s) ──> starting
 *        ^                        │                                                                                │
 *        └──── the shim ended <── third start that failed: the shim is asked to end with the server's exit code ───┘
 */
export class Keeper {
  readonly #options: KeeperOptions;
  #serving: Serving = { type: 'nothing', why: 'waits for the container of the server' };
  #isConnected = false;
  #isStopping = false;
  #failures = 0;
  #failedStarts = 0;
  #closeShared: (() => void) | undefined;
  #wake: (() => void) | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  get serving(): Serving {
    return this.#serving;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** While a process that clients share starts again, a client that comes now is better off waiting than sent away. */
  readiness(): Readiness {
    if (this.#serving.type !== 'nothing') return { ready: true };
    const isShort = this.#failures > 0 && this.#failures < failuresUntilUnready && this.#hasServed;
    return isShort ? { ready: true } : { ready: false, reasons: [`server: ${this.#serving.why}`] };
  }

  #hasServed = false;

  connected(): void {
    this.#isConnected = true;
    this.#isStopping = false;
    this.#hasServed = false;
    this.#failures = 0;
    this.#failedStarts = 0;
    this.#wake?.();
  }

  stopping(): void {
    this.#isStopping = true;
  }

  lost(): void {
    this.#isConnected = false;
    this.#isStopping = false;
    this.#hasServed = false;
    this.#serving = { type: 'nothing', why: 'waits for the container of the server' };
    this.#wake?.();
  }

  /** Has the process that clients share end; its connection is the last thing that holds the shim up. */
  closeShared(): void {
    this.#closeShared?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    while (!signal.aborted) {
      if (!this.#isConnected || this.#isStopping) await this.#change();
      else await this.#serveOnce(signal);
    }
  }

  async #serveOnce(signal: AbortSignal): Promise<void> {
    const { clock, metrics } = this.#options;
    const startedAt = clock.monotonicMs();
    const probed = await probe(this.#options, signal);
    if (probed.type === 'failed') {
      await this.#afterFailedStart(probed, signal);
      return;
    }
    if (this.#isStopping) {
      probed.peer.close();
      return;
    }
    metrics.observeChildStart((clock.monotonicMs() - startedAt) / 1000);
    this.#failedStarts = 0;
    this.#tellServing(probed);
    if (probed.type === 'legacy' && this.#options.mode !== 'Shared') {
      this.#failures = 0;
      probed.peer.close();
      this.#hasServed = true;
      this.#serving = { type: 'sessions', versions: probed.versions };
      await this.#change();
      return;
    }
    await this.#serveShared(probed, signal);
  }

  async #serveShared(probed: Exclude<Probed, { readonly type: 'failed' }>, signal: AbortSignal): Promise<void> {
    const { clock, log, onSharedEnd } = this.#options;
    const startedAt = clock.monotonicMs();
    const requests = this.#share(probed);
    const end = await probed.peer.ended;
    this.#closeShared = undefined;
    this.#serving = { type: 'nothing', why: end.text };
    requests?.fail(end.text);
    if (probed.type === 'legacy') onSharedEnd();
    if (signal.aborted || this.#isStopping || !this.#isConnected) return;
    log.warn('the process of the server that clients share is gone', { why: end.text });
    this.#failures = clock.monotonicMs() - startedAt >= steadyMs ? 1 : this.#failures + 1;
    // Not for a message that is too long: that is the doing of who asked for it.
    if (this.#failures >= failuresUntilExit && !end.byLimit) this.#giveUp({ why: end.text, end });
    await this.#pause(end.byLimit ? 'message-limit' : 'exited', signal);
  }

  #share(probed: Exclude<Probed, { readonly type: 'failed' }>): SharedRequests | undefined {
    const { maxPending, onUnrelated } = this.#options;
    const heir: { requests?: SharedRequests } = {};
    const taken = probed.peer.handOver((message) => heir.requests?.take(message));
    if (taken === undefined) return undefined;
    const { connection, nextId } = taken;
    const { type, versions } = probed;
    const isModern = type === 'modern';
    const requests = new SharedRequests(connection, nextId, {
      maxPending,
      // In the era without sessions nothing is told to who did not ask for it.
      onUnrelated: isModern ? () => undefined : onUnrelated,
    });
    heir.requests = requests;
    const tell = (bytes: Uint8Array): boolean => connection.send(bytes);
    this.#closeShared = () => {
      connection.close();
    };
    this.#hasServed = true;
    this.#serving = isModern
      ? { type: 'modern', requests, tell, versions }
      : { type: 'shared', process: { requests, greeting: probed.greeting, tell }, versions };
    return requests;
  }

  async #afterFailedStart(
    { why, end, reason }: Extract<Probed, { readonly type: 'failed' }>,
    signal: AbortSignal,
  ): Promise<void> {
    if (signal.aborted || !this.#isConnected || this.#isStopping) return;
    const { log } = this.#options;
    const clause = oneLine(why, maxWhyLength);
    this.#serving = { type: 'nothing', why: clause };
    this.#failures += 1;
    this.#failedStarts += 1;
    log.warn('the server did not start', { why: clause, failures: this.#failedStarts });
    if (this.#failedStarts >= failedStartsUntilExit) {
      this.#failedStarts = 0;
      this.#giveUp({ why: clause, end, reason });
    }
    await this.#pause('failed-start', signal);
  }

  /** If the container does not end, the next round comes all the same. */
  #giveUp({ why, end, reason }: WhyGivenUp): void {
    const { log, shim } = this.#options;
    const code = exitCodeOf(end?.exit, constants.signals);
    // A process that was started was found: what it did not find itself is told by its log.
    const told = codesOfShim.includes(code) ? 1 : code;
    log.error('the server does not start, or not stay: its container is ended', { why, exitCode: told });
    shim.giveUp({ code: told, why, ...(reason === undefined ? {} : { reason }) });
  }

  async #pause(reason: RestartReason, signal: AbortSignal): Promise<void> {
    const { clock, metrics } = this.#options;
    const seconds = restartSeconds[Math.min(this.#failures, restartSeconds.length) - 1] ?? 1;
    const over = new AbortController();
    this.#wake = () => {
      over.abort();
    };
    await clock.sleep(seconds * 1000, AbortSignal.any([signal, over.signal]));
    this.#wake = undefined;
    if (!signal.aborted && this.#isConnected && !this.#isStopping) metrics.childRestarted(reason);
  }

  #tellServing(probed: Exclude<Probed, { readonly type: 'failed' }>): void {
    const { version, tools } = probed.about;
    this.#options.log.info('the server answers', { era: probed.type, version: oneLine(version, 32), tools });
  }

  /** Until the shim comes or goes, or the signal aborts. */
  async #change(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}
