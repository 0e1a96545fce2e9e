import type { Clock } from '../platform/clock.ts';
import type { ApiRequest, ApiResult, KubeApi } from '../platform/kube/api.ts';
import type { CallContext } from './handler.ts';

/** Questions of one request: one server asks one of a kind, and an object of a kind above becomes several. */
const maxOfRequest = 4;

/** A cluster has a few objects that are asked for; kept for other requests. */
const maxKept = 100;

/** Longest answer that is read, in bytes: as much as a request may hold of other objects at the same time. */
const maxBytes = 256 * 1024;

export interface KeptReadOptions {
  readonly cacheMs: number;
  /** One read of what the process may do for a namespace, and how to end it; undefined: it has done enough. */
  readonly takeRead: (namespace: string) => (() => void) | undefined;
  readonly onAnswer: (answer: KeptAnswer) => void;
}

/** What came of one question. `kept`: it was asked lately. */
export type KeptAnswer = ApiResult | 'kept' | 'over-budget';

export interface Question {
  /** Of all questions of the kind this one has it. */
  readonly key: string;
  readonly request: Pick<ApiRequest, 'path' | 'query' | 'accept'>;
}

/** By their keys, what was told; what could not be read is not known. Never rejects. */
export type AskKept<Told> = (
  namespace: string,
  questions: readonly Question[],
  context: CallContext,
) => Promise<ReadonlyMap<string, Told>>;

/** Asks about objects of others beside those that servers name themselves, one after the other. `read`: what an answer says. */
export function createKeptReads<Told>(
  api: KubeApi,
  clock: Clock,
  { read, cacheMs, takeRead, onAnswer }: KeptReadOptions & { readonly read: (body: unknown) => Told },
): AskKept<Told> {
  /** In the order of their end. */
  const kept = new Map<string, { readonly told: Told; readonly until: number }>();

  const keep = (key: string, told: Told): void => {
    kept.delete(key);
    kept.set(key, { told, until: clock.monotonicMs() + cacheMs });
    const [oldest] = kept.keys();
    if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest);
  };

  const ask = async (namespace: string, question: Question, context: CallContext): Promise<KeptAnswer> => {
    const leave = takeRead(namespace);
    if (leave === undefined) return 'over-budget';
    try {
      const limits = { timeoutMs: context.remainingMs(), maxBytes, signal: context.signal() };
      return await api.request({ method: 'GET', ...question.request, ...limits });
    } finally {
      leave();
    }
  };

  return async (namespace, questions, context) => {
    const known = new Map<string, Told>();
    for (const question of questions.slice(0, maxOfRequest)) {
      const { key } = question;
      const lately = kept.get(key);
      if (lately !== undefined && lately.until > clock.monotonicMs()) {
        known.set(key, lately.told);
        onAnswer('kept');
        continue;
      }
      const answer = await ask(namespace, question, context);
      onAnswer(answer);
      if (typeof answer === 'string' || !answer.ok) continue;
      const told = read(answer.body);
      known.set(key, told);
      keep(key, told);
    }
    return known;
  };
}
