import type { Action } from '../core/plan/action.ts';
import { renderDrifted } from '../core/plan/foreign/standing.ts';

/**
 * So often per generation a field of others is taken away at once; who writes it again wins a pause, in milliseconds: taking
 * away may restart pods. `inAll`: the same for all fields of a child together, for there may be another one each time.
 */
const patience = { ofField: 2, inAll: 10, pauseMs: 600_000 } as const;

/** Most fields of a child that are known by their names; all others are one. Four times as many as a round can name. */
const maxFields = 20;

/** Stands for the fields that nobody names. */
const unnamed = '';

type Apply = Action & { readonly type: 'apply' };

interface Counted {
  readonly times: number;
  readonly lastMs: number;
}

/**
 * How often others' fields of one child were taken away in one generation: each field by itself, so that a fight about one
 * holds up no other. One that is due takes those along that are not: they are claimed together, and pods restart once.
 */
export class Cleanings {
  readonly #fields = new Map<string, Counted>();
  #all: Counted = never;

  /** `comesBack`: fields of which an earlier reconciler says that they do; their pause begins now. */
  constructor(comesBack: readonly string[] = [], nowMs = 0) {
    for (const field of comesBack.slice(0, maxFields))
      this.#fields.set(field, { times: patience.ofField, lastMs: nowMs });
  }

  /** How long it has to wait, in milliseconds. */
  pauseMs(action: Apply, nowMs: number): number {
    if (this.#all.times >= patience.inAll) return pauseAfter(this.#all, nowMs);
    const pauses = fieldsOf(action).map((field) => {
      const counted = this.#fields.get(this.#known(field)) ?? never;
      return counted.times < patience.ofField ? 0 : pauseAfter(counted, nowMs);
    });
    return Math.min(...pauses);
  }

  count(action: Apply, nowMs: number): void {
    this.#all = { times: this.#all.times + 1, lastMs: nowMs };
    for (const field of new Set(fieldsOf(action).map((one) => this.#known(one)))) {
      const { times } = this.#fields.get(field) ?? never;
      this.#fields.set(field, { times: times + 1, lastMs: nowMs });
    }
  }

  #known(field: string): string {
    return this.#fields.has(field) || this.#fields.size < maxFields ? field : unnamed;
  }
}

const never: Counted = { times: 0, lastMs: -Infinity };

function pauseAfter({ lastMs }: Counted, nowMs: number): number {
  return Math.max(0, patience.pauseMs - (nowMs - lastMs));
}

/** As status names them; whoever wrote it, the same field is the same. Never empty. */
function fieldsOf({ claims, drift }: Apply): readonly string[] {
  const named = [...(claims?.fields ?? []).map(({ path }) => path), ...(drift?.extra ?? []).map(renderDrifted)];
  return named.length === 0 || (claims?.more ?? 0) > 0 ? [...named, unnamed] : named;
}
