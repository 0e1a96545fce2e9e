import { isSameJson } from '../core/engine/canonical-json.ts';
import type { Offered } from '../core/plan/offered-tools.ts';
import type { Clock } from '../platform/clock.ts';
import { jittered } from '../platform/kube/backoff.ts';
import { askBroker } from '../platform/mcp/broker-status.ts';
import type { AskBroker, BrokerQuestion } from '../platform/mcp/broker-status.ts';
import { errorText } from '../platform/log.ts';
import type { Logger } from '../platform/log.ts';
import { Slots } from '../platform/slots.ts';
import { onBehalfOf } from '../platform/unexpected-errors.ts';

/** What is asked of a broker about one server. */
export type Registered = Omit<BrokerQuestion, 'signal'>;

/** Between two questions about one server, 25 to 35 s. */
const period = { ms: 30_000, share: 1 / 6 };

/** Brokers that are asked at the same time: each may take its time, and namespaces take turns. */
const limits = { count: 4, ofNamespace: 2, reserved: 1 };

interface Asked {
  readonly of: Registered;
  readonly ending: AbortController;
  said?: Offered;
}

export interface BrokersOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Has the server of that key looked at again. */
  readonly onNews: (key: string) => void;
  readonly ask?: AskBroker;
}

/**
 * Asks the brokers of MCP gateways what they offer of the servers that are registered there, again and again: nothing else
 * tells. Nobody waits for an answer; whoever is told something else than before is looked at again.
 */
export class Brokers {
  readonly #asked = new Map<string, Asked>();
  readonly #slots = new Slots(limits);
  readonly #options: BrokersOptions;

  constructor(options: BrokersOptions) {
    this.#options = options;
  }

  /** What was said last; undefined as long as nothing was. From now on it is asked, until it is forgotten. */
  keep(key: string, of: Registered): Offered | undefined {
    const { log } = this.#options;
    const known = this.#asked.get(key);
    if (known !== undefined && isSameJson(known.of, of)) return known.said;
    this.forget(key);
    const asked: Asked = { of, ending: new AbortController() };
    this.#asked.set(key, asked);
    onBehalfOf(key, () => this.#goOn(key, asked)).catch((error: unknown) => {
      log.error('broker: unexpected error; it is asked no more about the server', { key, error: errorText(error) });
    });
    return undefined;
  }

  forget(key: string): void {
    this.#asked.get(key)?.ending.abort();
    this.#asked.delete(key);
  }

  stop(): void {
    for (const key of [...this.#asked.keys()]) this.forget(key);
  }

  async #goOn(key: string, asked: Asked): Promise<void> {
    const { clock, random, onNews, ask = askBroker } = this.#options;
    const { signal } = asked.ending;
    for (;;) {
      const leave = await this.#slots.take(asked.of.namespace, signal);
      if (leave === undefined) return;
      const said = await ask({ ...asked.of, signal }).finally(leave);
      // Of one that was forgotten meanwhile nobody wants to know.
      if (this.#asked.get(key) !== asked) return;
      const isNews = asked.said === undefined || !isSameJson(asked.said, said);
      asked.said = said;
      if (isNews) onNews(key);
      await clock.sleep(jittered(period.ms, period.share, random), signal);
    }
  }
}
