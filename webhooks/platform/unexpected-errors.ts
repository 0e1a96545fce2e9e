import { AsyncLocalStorage } from 'node:async_hooks';
import { errorText } from './log.ts';
import type { Logger } from './log.ts';

/** How an error reached nobody: thrown by a callback of a socket or timer, or of a promise that nobody waited for. */
export type UnexpectedOrigin = 'exception' | 'rejection';

const origins = { uncaughtException: 'exception', unhandledRejection: 'rejection' } as const;

const counts: Record<UnexpectedOrigin, number> = { exception: 0, rejection: 0 };

/** Since the process started. */
export function unexpectedErrors(): Readonly<Record<UnexpectedOrigin, number>> {
  return counts;
}

const working = new AsyncLocalStorage<string>();

/** Does the work so that errors which escape from it, also from its sockets and timers, are told with the server's key. */
export function onBehalfOf<T>(server: string, work: () => T): T {
  return working.run(server, work);
}

/** Lines about such errors within one period; what is beyond is counted and told with the next line. */
const toldInPeriod = 5;
const periodMs = 60_000;
/** Longest stack that is told, in characters. */
const maxStackLength = 2_000;

/**
 * Catches what no code of ours caught: counted, told in the log with the server that was being worked on, and the process goes
 * on (docs/decisions/0030-answers-are-hostile-input.md says why it may). Returns what takes it back.
 */
export function catchUnexpected(log: Logger, nowMs: () => number = () => performance.now()): () => void {
  let since = -Infinity;
  let told = 0;
  let untold = 0;
  const tell = (error: unknown, origin: UnexpectedOrigin): void => {
    counts[origin] += 1;
    const now = nowMs();
    if (now - since >= periodMs) {
      since = now;
      told = 0;
    }
    if (told === toldInPeriod) {
      untold += 1;
      return;
    }
    told += 1;
    const key = working.getStore();
    const stack = error instanceof Error ? error.stack?.slice(0, maxStackLength) : undefined;
    log.error('an error was caught by nobody: the process goes on', {
      ...(key === undefined ? {} : { key }),
      origin,
      error: errorText(error),
      stack,
      ...(untold === 0 ? {} : { untold }),
    });
    untold = 0;
  };
  const onException = (error: unknown): void => {
    tell(error, origins.uncaughtException);
  };
  const onRejection = (error: unknown): void => {
    tell(error, origins.unhandledRejection);
  };
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  return () => {
    process.off('uncaughtException', onException);
    process.off('unhandledRejection', onRejection);
  };
}
