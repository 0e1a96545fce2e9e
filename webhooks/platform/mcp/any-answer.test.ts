import { expect, it, jest } from '@jest/globals';
import fc from 'fast-check';

import { useHeldTime } from '../http/testing/held-time.ts';
import { probeMcpServer } from './probe.ts';
import type { ProbeResult } from './probe.ts';
import { anyAnswer } from './testing/any-answer.ts';
import { startAnyServer } from './testing/any-server.ts';
import { wrongWith } from './testing/judge-verdict.ts';

useHeldTime();

/** Of a probe, in milliseconds; the pauses of some answers add up to more. */
const timeoutMs = 400;
/** At a time: half of the places that the verifier has. */
const width = 24;
const probes = 360;
/** Different answers to the messages of one probe. */
const answersOfOne = 3;

/** Time passes by what the connections have done, however long the machine takes for that. */
async function passTime(isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    jest.advanceTimersByTime(5);
  }
}

it('whatever a server answers ends in a verdict, in time, in texts that can be kept (minutes of it: bench fuzz-answers)', async () => {
  const answers = fc.sample(anyAnswer(60), { seed: 8, numRuns: probes * answersOfOne });
  const turns = new Map<string, number>();
  const server = await startAnyServer((path) => {
    const turn = turns.get(path) ?? 0;
    turns.set(path, turn + 1);
    // The second look asks other paths of its own (/sse), which are nobody's.
    const probe = Number(path.slice(1));
    const answer = answers[(Number.isNaN(probe) ? 0 : probe) * answersOfOne + (turn % answersOfOne)];
    if (answer === undefined) throw new Error(`nothing to answer at ${path}`);
    return answer;
  });
  const results: ProbeResult[] = [];
  const left = Array.from({ length: probes }, (_, index) => `http://127.0.0.1:${server.port}/${index}`);
  const work = async (): Promise<void> => {
    for (let url = left.pop(); url !== undefined; url = left.pop()) {
      const signal = new AbortController().signal;
      const result = await probeMcpServer({ url, clientVersion: '1', countsOffers: true, timeoutMs, signal });
      results.push(result);
      expect([url, wrongWith(result)]).toEqual([url, undefined]);
    }
  };
  try {
    const all = Promise.all(Array.from({ length: width }, work));
    let isOver = false;
    await Promise.all([all.finally(() => (isOver = true)), passTime(() => isOver)]);
  } finally {
    await server.close();
  }
  expect(results).toHaveLength(probes);
  // They are answers, not noise only: some get as far as a verdict that is good.
  expect(new Set(results.map(({ state }) => state))).toContain('verified');
});
