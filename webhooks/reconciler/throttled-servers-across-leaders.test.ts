import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { ProbeResult } from '../platform/mcp/probe.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { putSharing, rollOut, serverPath } from './testing/running-servers.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const minutes = 60_000;
const throttled: ProbeResult = { state: 'throttled', message: 'answered HTTP 429: slow down', retryAfterMs: 60_000 };

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

interface Verification {
  readonly condition: string | undefined;
  readonly lastVerdictTime: string | undefined;
}

function verificationIn(api: FakeKubeApi): Verification {
  const { conditions, extensions } = api.get(serverPath('a'))?.['status'] as {
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
    readonly extensions?: { readonly verification?: { readonly lastVerdictTime?: string } };
  };
  return {
    condition: conditions.find(({ type }) => type === 'Verified')?.status,
    lastVerdictTime: extensions?.verification?.lastVerdictTime,
  };
}

const statusWrites = (api: FakeKubeApi): number => api.writes.filter((write) => write.endsWith('/status')).length;

/** Verified once, and asks not to be asked from then on. */
async function aThrottledServer(clock: FakeClock) {
  const api = createFakeKubeApi();
  putSharing(api, ['a'], {});
  let answer: ProbeResult = verified;
  const lead = (): (() => Promise<void>) => {
    const stop = startLead({
      ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
      probe: () => Promise.resolve(answer),
    });
    running.push(stop);
    return stop;
  };
  const stop = lead();
  await clock.advance(1_000);
  rollOut(api, 'a');
  await clock.advance(10_000);
  expect(verificationIn(api).condition).toBe('True');
  answer = throttled;
  const answers = (next: ProbeResult): void => void (answer = next);
  return { api, lead, stop, answers };
}

describe('a server that answers 429', () => {
  it.each([4, 7, 12])(
    'is not verified for longer than 15 minutes, though another of us leads every %i minutes (it was after 18 minutes)',
    async (term) => {
      const clock = createFakeClock();
      const { api, lead, stop } = await aThrottledServer(clock);
      let leave = stop;
      for (let passed = 0; passed < 15; passed += term) {
        await clock.advance(Math.min(term, 15 - passed) * minutes);
        await leave();
        leave = lead();
      }
      await clock.advance(minutes);
      expect(verificationIn(api)).toEqual({ condition: 'Unknown', lastVerdictTime: undefined });
    },
  );

  it('says when it said last whether it works, once, and no more when it does again', async () => {
    const clock = createFakeClock();
    const { api, answers } = await aThrottledServer(clock);
    const before = statusWrites(api);
    await clock.advance(3 * minutes);
    expect(statusWrites(api)).toBe(before);
    await clock.advance(6 * minutes);
    expect(verificationIn(api)).toEqual({ condition: 'True', lastVerdictTime: '2026-01-01T00:00:01Z' });
    expect(statusWrites(api)).toBe(before + 1);
    answers(verified);
    await clock.advance(2 * minutes);
    expect(verificationIn(api)).toEqual({ condition: 'True', lastVerdictTime: undefined });
    expect(statusWrites(api)).toBe(before + 2);
  });

  it('is written no more by whoever leads next', async () => {
    const clock = createFakeClock();
    const { api, lead, stop } = await aThrottledServer(clock);
    await clock.advance(7 * minutes);
    await stop();
    const before = api.writes.length;
    lead();
    await clock.advance(3 * minutes);
    expect(api.writes.slice(before)).toEqual([]);
  });
});
