import { afterEach, describe, expect, it } from '@jest/globals';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { Rejudging } from './rejudging.ts';

const running: AbortController[] = [];

afterEach(() => {
  for (const stop of running.splice(0)) stop.abort();
});

interface Started {
  readonly clock: FakeClock;
  readonly rejudging: Rejudging;
  /** In the order in which they were added. */
  readonly added: string[];
  /** Keys that nobody has worked on. */
  readonly queue: { depth: number; add: (key: string) => void };
}

function start(depth = 0): Started {
  const clock = createFakeClock();
  const added: string[] = [];
  const queue = {
    depth,
    add(key: string) {
      added.push(key);
      queue.depth += 1;
    },
  };
  const rejudging = new Rejudging({ clock, queue });
  const stop = new AbortController();
  running.push(stop);
  void rejudging.run(stop.signal);
  return { clock, rejudging, added, queue };
}

const keys = (namespace: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `MCPServer/${namespace}/s${index}`);

describe('judging every server again', () => {
  it('leaves room in the queue: what changes meanwhile waits for twenty of them at most', async () => {
    const { clock, rejudging, added } = start();
    rejudging.add(keys('a', 1_000));
    await clock.advance(0);
    expect(added).toHaveLength(20);
  });

  it('goes on as room is made, until each was handed on once', async () => {
    const { clock, rejudging, added, queue } = start();
    rejudging.add(keys('a', 100));
    for (let look = 0; look < 10; look += 1) {
      queue.depth = 0;
      await clock.advance(100);
    }
    expect(new Set(added).size).toBe(100);
    expect(added).toHaveLength(100);
    expect(rejudging.waiting).toBe(0);
    await clock.advance(1_000);
    expect(clock.sleepers).toBe(0);
  });

  it('is through with 1,000 servers within a minute, however long the queue is', async () => {
    const { clock, rejudging, added } = start(5_000);
    rejudging.add(keys('a', 1_000));
    await clock.advance(60_000);
    expect(new Set(added).size).toBe(1_000);
  });

  it('lets namespaces take turns', async () => {
    const { clock, rejudging, added } = start();
    rejudging.add([...keys('large', 500), ...keys('small', 3)]);
    await clock.advance(0);
    expect(added.slice(0, 6).filter((key) => key.includes('/small/'))).toHaveLength(3);
  });

  it('hands on once who is added again while it waits', async () => {
    const { clock, rejudging, added } = start(5_000);
    rejudging.add(keys('a', 10));
    rejudging.add(keys('a', 10));
    await clock.advance(10_000);
    expect(added).toHaveLength(10);
  });
});
