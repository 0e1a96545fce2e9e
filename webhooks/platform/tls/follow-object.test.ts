import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import type { KubeApi, WatchEnd } from '../kube/api.ts';
import { createFakeClock } from '../kube/testing/fake-clock.ts';
import type { FakeClock } from '../kube/testing/fake-clock.ts';
import { silentLogger } from '../log.ts';
import { followObject } from './follow-object.ts';

let clock: FakeClock;
let stop: AbortController;
let watches: number[];
let running: Promise<void>;

beforeEach(() => {
  clock = createFakeClock();
  stop = new AbortController();
  watches = [];
});

afterEach(async () => {
  stop.abort();
  await running;
});

/** Follows one object whose lists always succeed and whose watches end so, after so long. */
function follow(end: WatchEnd, afterMs = 0): void {
  const api: KubeApi = {
    request: () => Promise.resolve({ ok: true, body: { metadata: { resourceVersion: '1' }, items: [] } }),
    async watch({ signal }) {
      watches.push(clock.now().getTime());
      if (afterMs > 0) await clock.sleep(afterMs, signal);
      return end;
    },
  };
  const object = { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespace: 'mcp', name: 'tls' };
  const onObject = () => Promise.resolve('done' as const);
  running = followObject({ api, clock, log: silentLogger, signal: stop.signal, object, onObject });
}

const gone: WatchEnd = { why: 'failed', error: { status: 410, reason: 'Expired', message: 'too old', retry: false } };
const forbidden: WatchEnd = { why: 'failed', error: { status: 403, reason: 'Forbidden', message: 'no', retry: false } };

describe('followObject', () => {
  it.each<[string, WatchEnd]>([
    ['ends at once', { why: 'closed' }],
    ['forgets its place at once (410)', gone],
    ['is refused although lists are allowed', forbidden],
  ])('does not spin when each watch %s', async (_, end) => {
    follow(end);
    await clock.advance(600_000);
    expect(watches.length).toBeGreaterThan(10);
    expect(watches.length).toBeLessThan(60);
    const [before = 0, last = 0] = watches.slice(-2);
    expect(last - before).toBeGreaterThanOrEqual(15_000);
  });

  it('opens the next watch at once after a long and quiet one', async () => {
    follow({ why: 'closed' }, 240_000);
    await clock.advance(240_000 * 3);
    expect(watches).toHaveLength(4);
  });
});
