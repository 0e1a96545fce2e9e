import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import type { Session } from './session.ts';

interface Entry {
  readonly session: Session;
  /** Undefined: it was begun without credentials. */
  readonly caller: Buffer | undefined;
  usedAt: number;
}

export interface SessionsOptions {
  readonly max: number;
  /** How long a session may have neither a request nor an open stream, in milliseconds. */
  readonly idleMs: number;
  readonly clock: Clock;
}

/** Bytes of a session's id: 128 bits that nobody guesses. */
const idBytes = 16;

/**
 * Every session, by its id. Who has the id alone has nothing: a session that was begun with credentials is there for the
 * same credentials only, so an id that leaks, or a gateway that mixes clients up, opens nobody's process.
 */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #byId = new Map<string, Entry>();
  /** Places of sessions whose process is just being started. */
  #opening = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#byId.size + this.#opening;
  }

  /** A place for one more; undefined when there is none. It is given back, or taken by `add`. */
  reserve(): (() => void) | undefined {
    if (this.count >= this.#options.max) return undefined;
    this.#opening += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#opening -= 1;
      isHeld = false;
    };
  }

  /** Returns its id. */
  add(session: Session, authorization: string | undefined): string {
    const id = randomBytes(idBytes).toString('hex');
    this.#byId.set(id, { session, caller: digestOf(authorization), usedAt: this.#options.clock.monotonicMs() });
    return id;
  }

  find(id: string, authorization: string | undefined): Session | undefined {
    const entry = this.#byId.get(id);
    if (entry === undefined) return undefined;
    if (entry.caller !== undefined) {
      const digest = digestOf(authorization);
      if (digest === undefined || !timingSafeEqual(digest, entry.caller)) return undefined;
    }
    entry.usedAt = this.#options.clock.monotonicMs();
    return entry.session;
  }

  remove(id: string): void {
    this.#byId.delete(id);
  }

  /** Ends what was not used for too long. */
  sweep(): void {
    const { clock, idleMs } = this.#options;
    const now = clock.monotonicMs();
    for (const [id, entry] of this.#byId) {
      if (!entry.session.isIdle) entry.usedAt = now;
      else if (now - entry.usedAt >= idleMs) this.#end(id, entry, 'nobody used its session');
    }
  }

  /** Ends those in which nothing is under way; returns how many are left. */
  endQuiet(why: string): number {
    for (const [id, entry] of this.#byId) if (entry.session.isQuiet) this.#end(id, entry, why);
    return this.count;
  }

  endAll(why: string): void {
    for (const [id, entry] of this.#byId) this.#end(id, entry, why);
  }

  forEach(look: (session: Session) => void): void {
    for (const { session } of this.#byId.values()) look(session);
  }

  #end(id: string, { session }: Entry, why: string): void {
    this.#byId.delete(id);
    session.close(why);
  }
}

function digestOf(authorization: string | undefined): Buffer | undefined {
  return authorization === undefined ? undefined : createHash('sha256').update(authorization).digest();
}
