import type { Clock } from '../../platform/clock.ts';

/**
 * So often per generation what is ours in an MCPServer is brought back at once; who changes it again wins a pause, in
 * milliseconds: so many changes are no accident, and two who never give in would be a loop without rest.
 */
const patience = { atOnce: 20, pauseMs: 30_000 } as const;

interface Kept {
  readonly generation: number;
  readonly times: number;
  readonly lastMs: number;
}

/** How often the MCPServers of each object were brought back. */
export class Repairs {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** How long nothing is brought back; 0: it may be. */
  pauseMs(key: string, generation: number): number {
    const { times, lastMs } = this.#of(key, generation);
    return times < patience.atOnce ? 0 : Math.max(0, lastMs + patience.pauseMs - this.#clock.monotonicMs());
  }

  note(key: string, generation: number): void {
    const { times } = this.#of(key, generation);
    this.#kept.set(key, { generation, times: times + 1, lastMs: this.#clock.monotonicMs() });
  }

  forget(key: string): void {
    this.#kept.delete(key);
  }

  #of(key: string, generation: number): Kept {
    const kept = this.#kept.get(key);
    return kept?.generation === generation ? kept : { generation, times: 0, lastMs: 0 };
  }
}
