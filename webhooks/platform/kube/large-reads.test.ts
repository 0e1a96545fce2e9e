import { describe, expect, it } from '@jest/globals';

import { createLargeReads } from './large-reads.ts';
import { settle } from './testing/fake-clock.ts';

/** Reads that end when they are told to. */
function world() {
  const lane = createLargeReads();
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const read = (name: string, signal = new AbortController().signal) =>
    lane.inTurn(name.split('/')[0] ?? '', signal, () => {
      begun.push(name);
      return new Promise<string>((resolve) => {
        ends.set(name, () => {
          resolve(name);
        });
      });
    });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await settle();
  };
  return { read, begun, end };
}

describe('large reads', () => {
  it('are one at a time, and a namespace with many waits for its own', async () => {
    const { read, begun, end } = world();
    void Promise.all(['a/1', 'a/2', 'a/3', 'b/1', 'c/1'].map((name) => read(name)));
    await settle();
    expect(begun).toEqual(['a/1']);
    for (const name of ['a/1', 'a/2', 'b/1', 'c/1']) await end(name);
    expect(begun.slice(0, 4).sort()).toEqual(['a/1', 'a/2', 'b/1', 'c/1']);
    expect(begun.at(-1)).toBe('a/3');
  });

  it('are given up by who does not want to wait any longer, and nobody waits for them', async () => {
    const { read, begun, end } = world();
    const stop = new AbortController();
    const first = read('a/1');
    const second = read('b/1', stop.signal);
    const third = read('c/1');
    await settle();
    stop.abort();
    expect(await second).toBeUndefined();
    await end('a/1');
    await end('c/1');
    expect(await Promise.all([first, third])).toEqual(['a/1', 'c/1']);
    expect(begun).toEqual(['a/1', 'c/1']);
    expect(await read('d/1', AbortSignal.abort())).toBeUndefined();
  });

  it('go on after one that failed', async () => {
    const lane = createLargeReads();
    const { signal } = new AbortController();
    await expect(lane.inTurn('a', signal, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await lane.inTurn('a', signal, () => Promise.resolve('fine'))).toBe('fine');
  });
});
