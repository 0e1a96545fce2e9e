import { afterEach, describe, expect, it } from '@jest/globals';

import { expandedKinds } from '../../core/resources/index.gen.ts';
import type { OptionalApi } from '../../core/resources/expanded-kind.ts';
import { isOptional } from '../../core/resources/optional-kind.ts';
import type { OptionalKind } from '../../core/resources/optional-kind.ts';
import { silentLogger } from '../log.ts';
import { ApiDiscovery } from './api-discovery.ts';
import type { ApiRequest, ApiResult, KubeApi } from './api.ts';
import { errorFromAnswer, unreachable } from './api-error.ts';
import { createFakeClock, settle } from './testing/fake-clock.ts';

const path = '/apis/monitoring.coreos.com/v1';
const kinds = expandedKinds.filter(isOptional);
const running: AbortController[] = [];

afterEach(() => {
  for (const stop of running.splice(0)) stop.abort();
});

const listOf = (...plurals: readonly string[]): ApiResult => ({
  ok: true,
  body: {
    kind: 'APIResourceList',
    groupVersion: 'monitoring.coreos.com/v1',
    resources: plurals.map((name) => ({ name })),
  },
});
const failed = (status: number): ApiResult => ({
  ok: false,
  error: errorFromAnswer({ request: `GET ${path}`, status, body: {} }),
});

/** Answers as it is told, and counts. */
function start(first: ApiResult, features: readonly string[] = ['monitoring']) {
  let answer = first;
  const asked: ApiRequest[] = [];
  const changes: string[] = [];
  const api: KubeApi = {
    request: (request) => (asked.push(request), Promise.resolve(answer)),
    watch: () => Promise.reject(new Error('nobody watches')),
  };
  const clock = createFakeClock();
  const discovery = new ApiDiscovery({
    ...{ api, clock, kinds, features, log: silentLogger, random: () => 1 },
    onChange: ({ kind }, state) => changes.push(`${kind} ${state}`),
  });
  const stop = new AbortController();
  running.push(stop);
  if (discovery.isNeeded) discovery.run(stop.signal).catch((error: unknown) => changes.push(String(error)));
  const stateOf = (kind = 'PodMonitor') => discovery.states.get(kind);
  return { asked, changes, clock, discovery, stateOf, answerWith: (next: ApiResult) => (answer = next) };
}

describe('an optional API', () => {
  it('is absent by 404 and by a list without it, and served by a list with it', async () => {
    const { changes, clock, stateOf, answerWith } = start(failed(404));
    await settle();
    expect(stateOf()).toBe('absent');
    answerWith(listOf('podmonitors', 'podmonitors/status'));
    await clock.advance(60_000);
    expect([stateOf(), stateOf('ServiceMonitor')]).toEqual(['served', 'absent']);
    answerWith(listOf('servicemonitors'));
    await clock.advance(60_000);
    expect([stateOf(), stateOf('ServiceMonitor')]).toEqual(['absent', 'served']);
    expect(changes).toEqual([
      ...['PodMonitor absent', 'ServiceMonitor absent', 'PodMonitor served'],
      ...['PodMonitor absent', 'ServiceMonitor served'],
    ]);
  });

  it.each<[string, ApiResult]>([
    ['500', failed(500)],
    ['503, as of an API that is registered and down', failed(503)],
    ['403', failed(403)],
    ['429', failed(429)],
    ['no answer', { ok: false, error: unreachable(`GET ${path}`, new Error('refused')) }],
    ['something that is no list', { ok: true, body: { kind: 'Status' } }],
    ['nothing', { ok: true, body: undefined }],
  ])('stays what it was known to be when discovery is answered with %s', async (_, answer) => {
    const { changes, clock, stateOf, answerWith } = start(listOf('podmonitors'));
    await settle();
    answerWith(answer);
    await clock.advance(600_000);
    expect(stateOf()).toBe('served');
    expect(changes).toEqual(['PodMonitor served', 'ServiceMonitor absent']);
  });

  it('is unknown, not absent, as long as discovery has failed from the start', async () => {
    const { asked, changes, clock, stateOf } = start(failed(503));
    await clock.advance(600_000);
    expect(stateOf()).toBe('unknown');
    expect(changes).toEqual([]);
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.length).toBeLessThan(40);
  });

  it('whose feature is off is not asked for', async () => {
    const { asked, clock, discovery, stateOf } = start(listOf('podmonitors'), []);
    await clock.advance(600_000);
    expect([discovery.isNeeded, stateOf(), asked.length]).toEqual([false, 'off', 0]);
  });

  it('is asked for once for all kinds of its group version, every 10 to 20 seconds', async () => {
    const { asked, clock } = start(listOf('podmonitors', 'servicemonitors'));
    await clock.advance(600_000);
    expect(asked.length).toBe(31);
    expect(asked.every((request) => request.method === 'GET' && request.path === path)).toBe(true);
  });

  it('is looked at again at once when something speaks against what is known, and in no loop', async () => {
    const { asked, clock, discovery, stateOf, answerWith } = start(listOf('podmonitors'));
    await clock.advance(10_000);
    answerWith(failed(404));
    discovery.askSoon();
    await settle();
    expect(stateOf()).toBe('absent');
    for (let time = 0; time < 100; time += 1) {
      discovery.askSoon();
      await clock.advance(100);
    }
    expect(asked.length).toBeLessThanOrEqual(2 + 5);
  });
});

describe('an optional API that somebody has to obey', () => {
  const feature = 'egressHosts';
  const kind = 'CiliumNetworkPolicy';

  /** Lists of objects by the last part of their path; the group version has both kinds. */
  function startCilium(nodes: () => ApiResult) {
    const asked: ApiRequest[] = [];
    const api: KubeApi = {
      request: (request) => {
        asked.push(request);
        const isOfNodes = request.path.endsWith('/ciliumnodes');
        return Promise.resolve(isOfNodes ? nodes() : listOf('ciliumnetworkpolicies', 'ciliumnodes'));
      },
      watch: () => Promise.reject(new Error('nobody watches')),
    };
    const clock = createFakeClock();
    const options = { api, clock, kinds, features: [feature], log: silentLogger, random: () => 1 };
    const discovery = new ApiDiscovery(options);
    const stop = new AbortController();
    running.push(stop);
    const ended = discovery.run(stop.signal);
    ended.catch(() => undefined);
    return { asked, clock, stateOf: () => discovery.states.get(kind) };
  }

  const listed = (...items: readonly object[]): ApiResult => ({ ok: true, body: { kind: 'CiliumNodeList', items } });

  it('is served where there is one object that says so, and absent where there is none, although the API is there', async () => {
    let nodes = listed({ metadata: { name: 'node-1' } });
    const { asked, clock, stateOf } = startCilium(() => nodes);
    await settle();
    expect(stateOf()).toBe('served');
    expect(asked.map(({ path: at, query }) => [at, query])).toEqual([
      ['/apis/cilium.io/v2', undefined],
      ['/apis/cilium.io/v2/ciliumnodes', { limit: '1' }],
    ]);
    nodes = listed();
    await clock.advance(60_000);
    expect(stateOf()).toBe('absent');
  });

  it.each([403, 500, 503])('stays what it was known to be when these are answered with %d', async (status) => {
    let nodes = listed({ metadata: { name: 'node-1' } });
    const { clock, stateOf } = startCilium(() => nodes);
    await settle();
    nodes = failed(status);
    await clock.advance(60_000);
    expect(stateOf()).toBe('served');
  });

  it('is known by those of the version in which it is served, not of the newest one that this release knows', async () => {
    const asked: string[] = [];
    const api: KubeApi = {
      request: ({ path: at }) => {
        asked.push(at);
        if (at === '/apis/cilium.io/v2') return Promise.resolve(failed(404));
        if (at === '/apis/cilium.io/v2alpha1') return Promise.resolve(listOf('ciliumnetworkpolicies', 'ciliumnodes'));
        return Promise.resolve(at === '/apis/cilium.io/v2alpha1/ciliumnodes' ? listed({}) : failed(404));
      },
      watch: () => Promise.reject(new Error('nobody watches')),
    };
    const older = kinds
      .filter((of) => of.kind === kind)
      .map((of): OptionalKind => {
        const requirement: OptionalApi = of.requirement;
        return { ...of, requirement: { ...requirement, olderVersions: ['cilium.io/v2alpha1'] } };
      });
    const discovery = new ApiDiscovery({
      ...{ api, clock: createFakeClock(), kinds: older, features: [feature], log: silentLogger, random: () => 1 },
    });
    expect(discovery.hasLooked).toBe(false);
    const stop = new AbortController();
    running.push(stop);
    discovery.run(stop.signal).catch(() => undefined);
    await settle();
    expect([discovery.states.get(kind), discovery.versionOf(kind)]).toEqual(['served', 'cilium.io/v2alpha1']);
    expect(asked).not.toContain('/apis/cilium.io/v2/ciliumnodes');
  });

  it('was looked for once an answer came, whatever that says', async () => {
    const discovery = new ApiDiscovery({
      api: { request: () => Promise.resolve(failed(500)), watch: () => Promise.reject(new Error('nobody watches')) },
      ...{ clock: createFakeClock(), kinds, features: [feature], log: silentLogger, random: () => 1 },
    });
    expect(discovery.hasLooked).toBe(false);
    const stop = new AbortController();
    running.push(stop);
    discovery.run(stop.signal).catch(() => undefined);
    await settle();
    expect([discovery.hasLooked, discovery.states.get(kind)]).toEqual([true, 'unknown']);
    const nothing = { clock: createFakeClock(), kinds, features: [], log: silentLogger, random: () => 1 };
    const idle = new ApiDiscovery({
      api: { request: () => Promise.reject(new Error('nobody asks')), watch: () => Promise.reject(new Error('x')) },
      ...nothing,
    });
    expect(idle.hasLooked).toBe(true);
  });

  it('is absent without the kind of those', async () => {
    const { stateOf } = startCilium(() => failed(404));
    await settle();
    expect(stateOf()).toBe('absent');
  });
});
