import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import type { ApiResult, KubeApi } from '../platform/kube/api.ts';
import { errorWithoutAnswer } from '../platform/kube/api-error.ts';
import { fenceWrites } from '../platform/kube/fence.ts';
import { LeaderElector } from '../platform/kube/lease.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { silentLogger } from '../platform/log.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { runDeploymentController } from './testing/deployment-controller.ts';
import { deploymentPath, putSharing, serverPath, switchAtOnce } from './testing/running-servers.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const second = 1_000;

/** How a replica and the API server are apart. */
type Cut =
  | 'none'
  /** No connection, told at once. */
  | 'refused'
  /** What is sent is lost, and nobody says so before the time-out. */
  | 'silent'
  /** What is sent arrives, and no answer comes back. */
  | 'one-way';

interface Written {
  readonly by: string;
  readonly what: string;
  readonly atMs: number;
}

interface Network {
  readonly clock: FakeClock;
  readonly written: Written[];
  /** By replica. */
  readonly cuts: Map<string, Cut>;
}

/** The API as one replica reaches it. */
function reachedBy(name: string, api: FakeKubeApi, { clock, cuts, written }: Network): KubeApi {
  const cutOf = (): Cut => cuts.get(name) ?? 'none';
  return {
    async request(request) {
      const { method, path, timeoutMs = 10 * second, signal } = request;
      const send = (): Promise<ApiResult> => {
        if (method !== 'GET') written.push({ by: name, what: `${method} ${path}`, atMs: clock.monotonicMs() });
        return api.request(request);
      };
      const cut = cutOf();
      if (cut === 'none') return send();
      if (cut === 'one-way') await send();
      if (cut !== 'refused') await clock.sleep(timeoutMs, signal);
      const error = errorWithoutAnswer(`${method} ${path}`, { reason: 'Unreachable', text: 'cut off' });
      return { ok: false, error };
    },
    watch: (request, onEvent) =>
      api.watch(request, (event) => {
        if (cutOf() === 'none') onEvent(event);
      }),
  };
}

interface Replica {
  /** When its terms began and ended. */
  readonly terms: { readonly fromMs: number; toMs: number }[];
  stop(): Promise<void>;
}

function aReplica(name: string, api: FakeKubeApi, network: Network): Replica {
  const { clock } = network;
  const stopping = new AbortController();
  const terms: { readonly fromMs: number; toMs: number }[] = [];
  const reached = reachedBy(name, api, network);
  const elector = new LeaderElector({
    ...{ api: reached, clock, log: silentLogger, random: () => 0.5 },
    ...{ namespace: 'system', name: 'lock', identity: name },
  });
  const done = elector.run(async ({ isCurrent, signal }) => {
    const term = { fromMs: clock.monotonicMs(), toMs: Infinity };
    terms.push(term);
    const stop = startLead({
      ...{ api: fenceWrites(reached, isCurrent), clock, version: '1', namespaces: [] },
      ...{ metrics: createReconcilerMetrics(new Registry()), probe: () => Promise.resolve(verified) },
    });
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve();
      });
    });
    term.toMs = clock.monotonicMs();
    await stop();
  }, stopping.signal);
  return { terms, stop: () => (stopping.abort(), done) };
}

const isAboutServers = ({ what }: Written): boolean => !what.includes('/leases/') && !what.endsWith('/events');
const imageOf = (api: FakeKubeApi): string => JSON.stringify(api.get(deploymentPath('a'))?.['spec']);

function putLease(api: FakeKubeApi): void {
  api.put('/apis/coordination.k8s.io/v1/namespaces/system/leases/lock', {
    ...{ kind: 'Lease', metadata: { name: 'lock', namespace: 'system' }, spec: {} },
  });
}

function edit(api: FakeKubeApi, tag: number): void {
  const source = { type: 'ContainerImage', containerImage: { ref: `example.com/x:${tag}` } };
  api.put(serverPath('a'), { metadata: { generation: tag }, spec: { source } });
}

describe('a leader that is cut off from the API server and goes on running', () => {
  it.each(['refused', 'silent', 'one-way'] as const)(
    'writes nothing any more, leads no more before another one does, and writes nothing twice when it is back: %s',
    async (cut) => {
      const api = createFakeKubeApi();
      const clock = createFakeClock();
      const network: Network = { clock, written: [], cuts: new Map() };
      runDeploymentController(api);
      putSharing(api, ['a'], {});
      switchAtOnce(api, ['a']);
      putLease(api);
      const first = aReplica('first', api, network);
      await clock.advance(10 * second);
      const other = aReplica('second', api, network);
      await clock.advance(10 * second);
      expect(first.terms).toHaveLength(1);
      expect(other.terms).toHaveLength(0);

      network.cuts.set('first', cut);
      const cutAtMs = clock.monotonicMs();
      // Somebody changes the server at every moment of the change of leaders.
      for (let tag = 2; tag < 42; tag += 1) {
        edit(api, tag);
        await clock.advance(second);
      }
      expect(imageOf(api)).toContain('example.com/x:41');
      const [ended] = first.terms;
      const [taken] = other.terms;
      expect(ended?.toMs).toBeLessThan(taken?.fromMs ?? 0);
      expect((ended?.toMs ?? Infinity) - cutAtMs).toBeLessThanOrEqual(15 * second);

      network.cuts.delete('first');
      await clock.advance(5 * 60 * second);
      expect(first.terms).toHaveLength(1);
      const late = network.written.filter((one) => one.by === 'first' && one.atMs >= (taken?.fromMs ?? 0));
      expect(late.filter(isAboutServers)).toEqual([]);
      const afterwards = network.written.filter(({ atMs }) => atMs > cutAtMs + 60 * second);
      expect(afterwards.filter(isAboutServers)).toEqual([]);
      await other.stop();
      await first.stop();
    },
  );

  it('is followed by one that comes to what is wanted, though a write of it arrives late', async () => {
    const api = createFakeKubeApi();
    const clock = createFakeClock();
    const network: Network = { clock, written: [], cuts: new Map() };
    runDeploymentController(api);
    putSharing(api, ['a'], {});
    switchAtOnce(api, ['a']);
    putLease(api);
    const leader = aReplica('leader', api, network);
    await clock.advance(20 * second);
    const applied = { ...api.get(deploymentPath('a')) };
    edit(api, 2);
    await clock.advance(10 * second);
    // What the former leader has applied before, by its name.
    const { apiVersion, kind, metadata, spec } = applied as {
      readonly [field: string]: unknown;
      readonly metadata: Readonly<Record<string, unknown>>;
    };
    const { name, namespace, labels, annotations, ownerReferences } = metadata;
    await api.request({
      ...{ method: 'PATCH', path: deploymentPath('a'), contentType: 'application/apply-patch+yaml' },
      query: { fieldManager: 'mcp-lifecycle', force: 'true' },
      body: { apiVersion, kind, metadata: { name, namespace, labels, annotations, ownerReferences }, spec },
    });
    expect(imageOf(api)).toContain('example.com/x:1');
    await clock.advance(10 * second);
    expect(imageOf(api)).toContain('example.com/x:2');
    await leader.stop();
  });
});
