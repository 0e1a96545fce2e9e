import { describe, expect, it } from '@jest/globals';

import { untilConnected } from './until-connected.ts';
import type { AttemptLimits } from './until-connected.ts';

async function attemptsUntil(connected: number): Promise<{ readonly answer: string; readonly seen: AttemptLimits[] }> {
  const seen: AttemptLimits[] = [];
  const answer = await untilConnected(10_000, (limits) => {
    seen.push(limits);
    return Promise.resolve(seen.length < connected ? 'not-connected' : 'an answer');
  });
  return { answer, seen };
}

describe('a connection that nobody takes', () => {
  it('is given up for a new one until somebody does', async () => {
    const { answer, seen } = await attemptsUntil(4);
    expect(answer).toBe('an answer');
    expect(seen.map(({ connectMs }) => connectMs)).toEqual([250, 250, 250, 250]);
  });

  it('has all the time that is left after some quick attempts', async () => {
    const { seen } = await attemptsUntil(Infinity);
    expect(seen).toHaveLength(7);
    expect(seen.at(-1)?.connectMs).toBeGreaterThan(5_000);
  });
});
