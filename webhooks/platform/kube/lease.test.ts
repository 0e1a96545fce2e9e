import { describe, expect, it } from '@jest/globals';

import { silentLogger } from '../log.ts';
import { LeaderElector, microTime } from './lease.ts';
import type { Term } from './lease.ts';
import { createFakeClock, settle } from './testing/fake-clock.ts';
import type { FakeClock } from './testing/fake-clock.ts';
import { createFakeKubeApi } from './testing/fake-kube-api.ts';
import type { FakeKubeApi } from './testing/fake-kube-api.ts';

const path = '/apis/coordination.k8s.io/v1/namespaces/system/leases/lock';

function replica(api: FakeKubeApi, clock: FakeClock, identity: string) {
  const elector = new LeaderElector({
    ...{ api, clock, log: silentLogger, random: () => 0.5, namespace: 'system', name: 'lock', identity },
  });
  const stop = new AbortController();
  const terms: Term[] = [];
  const done = elector.run(async (term) => {
    terms.push(term);
    await new Promise<void>((resolve) => {
      term.signal.addEventListener('abort', () => {
        resolve();
      });
    });
  }, stop.signal);
  return { elector, terms, stop: () => (stop.abort(), done) };
}

function emptyLease(api: FakeKubeApi): void {
  api.put(path, { kind: 'Lease', metadata: { name: 'lock', namespace: 'system' } });
}

/** A replica that leads by the empty Lease of the chart. */
async function aLeader() {
  const api = createFakeKubeApi();
  const clock = createFakeClock();
  emptyLease(api);
  const a = replica(api, clock, 'a');
  await settle();
  return { api, clock, a };
}

const holder = (api: FakeKubeApi): unknown =>
  (api.get(path)?.['spec'] as Record<string, unknown> | undefined)?.['holderIdentity'];

describe('LeaderElector', () => {
  it('lets nobody lead beside a holder that is alive when its wall clock is set forward', async () => {
    const api = createFakeKubeApi();
    emptyLease(api);
    const clocks = { a: createFakeClock(), b: createFakeClock() };
    const a = replica(api, clocks.a, 'a');
    await settle();
    const b = replica(api, clocks.b, 'b');
    await clocks.b.advance(3_000);
    clocks.b.setWallClock(3_600_000);
    await clocks.b.advance(6_000);
    expect(holder(api)).toBe('a');
    expect(b.terms).toHaveLength(0);
    await Promise.all([a.stop(), b.stop()]);
  });

  it('ends the term of a holder that cannot renew, though its wall clock is set back', async () => {
    const { api, clock, a } = await aLeader();
    api.answer(({ path: asked }) => asked === path, 503);
    clock.setWallClock(-3_600_000);
    await clock.advance(11_000);
    expect(a.terms[0]?.isCurrent()).toBe(false);
    expect(a.terms[0]?.signal.aborted).toBe(true);
    api.answer(() => false, undefined);
    await a.stop();
  });

  it('writes nothing after its wall clock leapt, as after a sleep of the machine, until it has renewed', async () => {
    const { clock, a } = await aLeader();
    expect(a.terms[0]?.isCurrent()).toBe(true);
    clock.setWallClock(60_000);
    expect(a.terms[0]?.isCurrent()).toBe(false);
    await clock.advance(6_000);
    expect(a.terms[0]?.isCurrent()).toBe(true);
    expect(a.terms[0]?.signal.aborted).toBe(false);
    await a.stop();
  });

  it('fills the empty Lease of the chart and renews it every five seconds', async () => {
    const { api, clock, a } = await aLeader();
    expect(a.elector.isLeading).toBe(true);
    expect(api.get(path)?.['spec']).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 1,
    });
    await clock.advance(10_000);
    expect(api.get(path)?.['spec']).toMatchObject({
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:10.000000Z',
      leaseTransitions: 1,
    });
    await a.stop();
  });

  it('creates the Lease when it has been missing for longer than Helm takes, and one of two leads', async () => {
    const api = createFakeKubeApi();
    const clock = createFakeClock();
    const [a, b] = [replica(api, clock, 'a'), replica(api, clock, 'b')];
    await clock.advance(19_000);
    expect(api.writes).toEqual([]);
    await clock.advance(6_000);
    expect([a.elector.isLeading, b.elector.isLeading].filter(Boolean)).toHaveLength(1);
    expect([...a.terms, ...b.terms]).toHaveLength(1);
    await Promise.all([a.stop(), b.stop()]);
  });

  it('leaves a Lease that comes late as it is', async () => {
    const api = createFakeKubeApi();
    const clock = createFakeClock();
    const a = replica(api, clock, 'a');
    await clock.advance(19_000);
    emptyLease(api);
    await clock.advance(3_000);
    expect(a.elector.isLeading).toBe(true);
    expect(new Set(api.writes)).toEqual(new Set([`PUT ${path}`]));
    await a.stop();
  });

  it('leads again when the Lease was deleted, after it has stopped', async () => {
    const { api, clock, a } = await aLeader();
    api.remove(path);
    await clock.advance(12_000);
    expect(a.elector.isLeading).toBe(false);
    await clock.advance(20_000);
    expect(a.elector.isLeading).toBe(true);
    expect(a.terms).toHaveLength(2);
    await a.stop();
  });

  it('lets one of two lead', async () => {
    const api = createFakeKubeApi();
    const clock = createFakeClock();
    emptyLease(api);
    const [a, b] = [replica(api, clock, 'a'), replica(api, clock, 'b')];
    await clock.advance(60_000);
    expect([a.elector.isLeading, b.elector.isLeading].filter(Boolean)).toHaveLength(1);
    expect([...a.terms, ...b.terms]).toHaveLength(1);
    await Promise.all([a.stop(), b.stop()]);
  });

  it('gives the Lease back on exit, so that the other leads within 2.5 seconds', async () => {
    const { api, clock, a } = await aLeader();
    const b = replica(api, clock, 'b');
    await settle();
    await a.stop();
    expect(holder(api)).toBe('');
    await clock.advance(2_500);
    expect(b.elector.isLeading).toBe(true);
    await b.stop();
  });

  it('takes over from a holder that vanished only after the Lease ran out by our own clock', async () => {
    const api = createFakeKubeApi();
    const clock = createFakeClock();
    // the vanished holder's clock was an hour ahead
    const spec = { holderIdentity: 'gone', leaseDurationSeconds: 15, renewTime: '2026-01-01T01:00:00.000000Z' };
    api.put(path, { kind: 'Lease', metadata: { name: 'lock', namespace: 'system' }, spec });
    const b = replica(api, clock, 'b');
    await clock.advance(14_000);
    expect(b.elector.isLeading).toBe(false);
    await clock.advance(3_500);
    expect(b.elector.isLeading).toBe(true);
    expect(api.get(path)?.['spec']).toMatchObject({ leaseTransitions: 1 });
    await b.stop();
  });

  it('stops its work before the Lease runs out when it cannot renew, and leads again later', async () => {
    const { api, clock, a } = await aLeader();
    api.answer(() => true, 500);
    await clock.advance(14_900);
    expect(a.terms[0]?.signal.aborted).toBe(true);
    expect(a.elector.isLeading).toBe(false);
    api.answer(() => true, undefined);
    await clock.advance(10_000);
    expect(a.elector.isLeading).toBe(true);
    expect(a.terms).toHaveLength(2);
    await a.stop();
  });

  it('lets nothing be written by a replica that was frozen until others may lead', async () => {
    const { api, clock, a } = await aLeader();
    expect(a.terms[0]?.isCurrent()).toBe(true);
    api.answer(() => true, 500);
    await clock.advance(9_900);
    expect(a.terms[0]?.isCurrent()).toBe(true);
    await clock.advance(200);
    expect(a.terms[0]?.isCurrent()).toBe(false);
    await a.stop();
  });

  it('stops at once when somebody else holds the Lease', async () => {
    const { api, clock, a } = await aLeader();
    api.put(path, { spec: { holderIdentity: 'thief', renewTime: 'now' } });
    await clock.advance(5_000);
    expect(a.terms[0]?.signal.aborted).toBe(true);
    expect(holder(api)).toBe('thief');
    await a.stop();
  });

  it('survives work that throws', async () => {
    const api = createFakeKubeApi();
    const clock = createFakeClock();
    emptyLease(api);
    const elector = new LeaderElector({
      ...{ api, clock, log: silentLogger, random: () => 0.5, namespace: 'system', name: 'lock', identity: 'a' },
    });
    const stop = new AbortController();
    let terms = 0;
    const done = elector.run(() => {
      terms += 1;
      return Promise.reject(new Error('bug'));
    }, stop.signal);
    await clock.advance(11_000);
    expect(terms).toBeGreaterThan(1);
    stop.abort();
    await done;
  });
});

describe('a leader that ended without giving the Lease back', () => {
  const podPath = '/api/v1/namespaces/system/pods/pod-1';
  const pod = (status: string, reason?: string): Record<string, unknown> => ({
    kind: 'Pod',
    metadata: { name: 'pod-1', namespace: 'system' },
    status: {
      conditions: [
        { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status, reason },
      ],
    },
  });
  const ready = pod('True');
  const restarting = pod('False', 'ContainersNotReady');

  /** Another replica that has seen the Lease of the last leader run out. */
  async function whenRunOut(lastPod: Record<string, unknown> | undefined) {
    const api = createFakeKubeApi();
    const clock = createFakeClock();
    const spec = { holderIdentity: 'pod-1_x', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000000Z' };
    api.put(path, { kind: 'Lease', metadata: { name: 'lock', namespace: 'system' }, spec });
    if (lastPod !== undefined) api.put(podPath, lastPod);
    const next = replica(api, clock, 'pod-2_y');
    await clock.advance(14_000);
    expect(next.elector.isLeading).toBe(false);
    expect(api.reads).not.toContain(`GET ${podPath}`);
    await clock.advance(3_500);
    return { api, clock, next };
  }

  it.each([
    ['whose pod is gone', undefined],
    ['whose container runs again', ready],
    ['whose node is lost', pod('False')],
    ['whose pod has no state yet', { kind: 'Pod', metadata: { name: 'pod-1', namespace: 'system' } }],
  ])('is followed at once: one %s', async (_, lastPod) => {
    const { next } = await whenRunOut(lastPod);
    expect(next.elector.isLeading).toBe(true);
    await next.stop();
  });

  it('is followed as soon as its container runs again, so that one pod is always ready to admit', async () => {
    const { api, clock, next } = await whenRunOut(restarting);
    await clock.advance(120_000);
    expect(next.elector.isLeading).toBe(false);
    api.put(podPath, ready);
    await clock.advance(2_500);
    expect(next.elector.isLeading).toBe(true);
    await next.stop();
  });

  it('is followed when it takes longer than any kubelet waits', async () => {
    const { clock, next } = await whenRunOut(restarting);
    await clock.advance(294_000);
    expect(next.elector.isLeading).toBe(false);
    await clock.advance(6_000);
    expect(next.elector.isLeading).toBe(true);
    await next.stop();
  });

  it('is followed at once when its pod cannot be read', async () => {
    const api = createFakeKubeApi();
    api.answer((request) => request.path === podPath, 403);
    const clock = createFakeClock();
    api.put(path, { kind: 'Lease', metadata: { name: 'lock' }, spec: { holderIdentity: 'pod-1_x' } });
    const next = replica(api, clock, 'pod-2_y');
    await clock.advance(17_500);
    expect(api.reads).toContain(`GET ${podPath}`);
    expect(next.elector.isLeading).toBe(true);
    await next.stop();
  });
});

describe('microTime', () => {
  it('has six digits', () => {
    expect(microTime(new Date('2026-01-01T00:00:00.120Z'))).toBe('2026-01-01T00:00:00.120000Z');
  });
});
