import { Turns } from './turns.ts';

/** Gives a slot back. */
export type Release = () => void;

export interface SlotLimits {
  readonly count: number;
  /** So many has one namespace whenever they are free, and more only while more than `reserved` are free. */
  readonly ofNamespace: number;
  /** Left to namespaces that have few or none, so that the first of them finds one. */
  readonly reserved: number;
}

/** Something is done in so many slots at the same time. Namespaces that wait for one take turns. */
export class Slots {
  readonly #limits: SlotLimits;
  readonly #waiting = new Turns<(release: Release) => void>();
  /** By namespace; without those that have none. */
  readonly #taken = new Map<string, number>();
  #free: number;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
    this.#free = limits.count;
  }

  /** How many wait for a slot. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** A slot, if there is one for this namespace now. Passes nobody: whoever waits may have none of those that are free. */
  takeFree(namespace: string): Release | undefined {
    return this.#hasRoom(namespace) ? this.#take(namespace) : undefined;
  }

  /** Waits for a slot. Undefined when the signal aborts before. */
  take(namespace: string, signal: AbortSignal): Promise<Release | undefined> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve(undefined);
        return;
      }
      const onAbort = (): void => {
        leave();
        resolve(undefined);
      };
      const leave = this.wait(namespace, (release) => {
        signal.removeEventListener('abort', onAbort);
        resolve(release);
      });
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Calls `onTurn` with a slot: before it returns, if there is one now. Returns what gives up waiting. */
  wait(namespace: string, onTurn: (release: Release) => void): () => void {
    const free = this.takeFree(namespace);
    if (free === undefined) this.#waiting.add(namespace, onTurn);
    else onTurn(free);
    return () => {
      this.#waiting.delete(namespace, onTurn);
    };
  }

  #hasRoom(namespace: string): boolean {
    const { ofNamespace, reserved } = this.#limits;
    return this.#free > ((this.#taken.get(namespace) ?? 0) < ofNamespace ? 0 : reserved);
  }

  #take(namespace: string): Release {
    this.#free -= 1;
    this.#taken.set(namespace, (this.#taken.get(namespace) ?? 0) + 1);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      this.#free += 1;
      const left = (this.#taken.get(namespace) ?? 1) - 1;
      if (left > 0) this.#taken.set(namespace, left);
      else this.#taken.delete(namespace);
      this.#letIn();
    };
  }

  #letIn(): void {
    const takeNext = () => this.#waiting.take((namespace) => this.#hasRoom(namespace));
    // More than one: whose slot it was may have one again, whoever got it.
    for (let next = takeNext(); next !== undefined; next = takeNext()) next.item(this.#take(next.group));
  }
}
