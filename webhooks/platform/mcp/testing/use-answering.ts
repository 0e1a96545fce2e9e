import { afterEach } from '@jest/globals';
import { probeMcpServer } from '../probe.ts';
import type { ProbeResult, ProbeTarget } from '../probe.ts';
import { startAnswering } from './answering-server.ts';

/** Answering servers of each test of a file; they are closed after it. */
export function useAnswering(): typeof startAnswering {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  return async (answers) => {
    const server = await startAnswering(answers);
    closing.push(() => server.close());
    return server;
  };
}

/** Half a minute is for the machine: what answers, answers at once. */
export function probe(url: string, target: Partial<ProbeTarget> = {}): Promise<ProbeResult> {
  const { signal } = new AbortController();
  return probeMcpServer({ url, clientVersion: '1.2.3', timeoutMs: 30_000, signal, ...target });
}
