/**
 * @alone it takes the Lease of the reconcilers: others do their work, each behind a proxy on which something goes wrong.
 * @slow it goes wrong for twelve seconds, until who has failed for long has told it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { systemClock } from '../../../webhooks/platform/clock.ts';
import { createKubeApi } from '../../../webhooks/platform/kube/api-client.ts';
import { createApiServer } from '../../../webhooks/platform/kube/api-server.ts';
import { silentLogger } from '../../../webhooks/platform/log.ts';
import { createReconcilerMetrics } from '../../../webhooks/reconciler/metrics.ts';
import { startLead } from '../../../webhooks/reconciler/testing/start-lead.ts';
import { verified } from '../../../webhooks/reconciler/testing/verified.ts';
import { settledFingerprint } from '../../harness/children.ts';
import { eventually } from '../../harness/eventually.ts';
import { startFaultProxy, type Asked, type FaultProxy } from '../../harness/fault-proxy.ts';
import { apply, conditionOf, get, kubectlOk, list } from '../../harness/kubectl.ts';
import { untilComplete, whileNobodyLeads } from '../../harness/leader.ts';
import { kubernetesServer } from '../../harness/mcp-server.ts';
import { meanwhile } from '../../harness/meanwhile.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** How long something goes wrong after all has been changed, in milliseconds; and then until it has been told. */
const faultMs = 12_000;
/** Afterwards, when nothing is left to be done, in milliseconds. */
const restMs = 5_000;
/** Most requests in a second meanwhile: twice what eight watches that are cut all the time cost. A loop without rest makes hundreds. */
const maxAsked = 50;

/** What the owner of a server is told of a write that fails. */
const toldOfStatus = 'it is tried again';

interface Row {
  readonly begin?: (proxy: FaultProxy) => void;
  readonly each?: (proxy: FaultProxy) => void;
  /** Who is told while it lasts: those who read our log; the owner of the server too. Absent: it is no trouble. */
  readonly told?: 'log' | 'status';
}

const isWrite = ({ method, path }: Asked): boolean => method !== 'GET' && !path.endsWith('/events');

const rows: Readonly<Record<string, Row>> = {
  'watches that are cut': {
    each: ({ endWatches }) => {
      endWatches('cut');
    },
    told: 'log',
  },
  'watches whose place is forgotten (410)': {
    each: ({ endWatches }) => {
      endWatches('410');
    },
  },
  '409 for each write': {
    begin: (proxy) => {
      proxy.faultOf = (asked) => (isWrite(asked) ? { type: 'refused', status: 409 } : undefined);
    },
    told: 'log',
  },
  '500 for each write of a child': {
    begin: (proxy) => {
      proxy.faultOf = (asked) =>
        isWrite(asked) && !asked.path.endsWith('/status') ? { type: 'refused', status: 500 } : undefined;
    },
    told: 'status',
  },
  '429 with Retry-After for everything': {
    begin: (proxy) => {
      proxy.faultOf = () => ({ type: 'refused', status: 429, retryAfterSeconds: 3 });
      proxy.endWatches('cut');
    },
    told: 'log',
  },
  'a storm of 500': {
    begin: (proxy) => {
      proxy.faultOf = () => ({ type: 'refused', status: 500 });
      proxy.endWatches('cut');
    },
    told: 'log',
  },
  'answers that take three seconds': {
    begin: (proxy) => {
      proxy.faultOf = ({ isWatch }) => (isWatch ? undefined : { type: 'slow', ms: 3_000 });
    },
  },
  'answers that are lost, of what is done': {
    begin: (proxy) => {
      proxy.faultOf = (asked) => (isWrite(asked) ? { type: 'unanswered' } : undefined);
    },
    told: 'log',
  },
  'connections that end at once': {
    begin: (proxy) => {
      proxy.faultOf = () => ({ type: 'lost' });
      proxy.endWatches('cut');
    },
    told: 'log',
  },
};

/** Without pods: those are Kubernetes' business. */
function server(name: string, version: number): object {
  return kubernetesServer(name, {
    config: {
      ...{ port: 8080, arguments: ['--port', '8080', '--read-only'] },
      env: [{ name: 'VERSION', value: String(version) }],
      ...(name === 'b' ? { envFrom: [{ configMapRef: { name: 'settings' } }] } : {}),
    },
    runtime: { replicas: 0, security: { serviceAccountName: 'default' } },
  });
}

const settings = (level: number): object => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { level: String(level) } },
});
const listOf = (...items: readonly object[]): object => ({ apiVersion: 'v1', kind: 'List', items });

/** All that was wanted of the servers and that others did to their children, at once. */
async function changeAll(namespace: string): Promise<void> {
  const of = ['--namespace', namespace];
  await apply(namespace, listOf(server('a', 2), settings(2), server('d', 1)));
  await kubectlOk(['delete', 'service', 'b', ...of, '--wait=false']);
  await kubectlOk(['delete', 'mcpserver', 'c', ...of, '--wait=false']);
  const patch = JSON.stringify({ spec: { template: { spec: { enableServiceLinks: true } } } });
  await kubectlOk(['patch', 'deployment', 'e', ...of, '--type', 'merge', '--patch', patch]);
}

/** What there is, as far as the changes are about it. */
async function whatStands(namespace: string): Promise<unknown> {
  const servers = await list({ namespace }, 'mcpservers');
  const children = await list({ namespace }, 'deployments,services,networkpolicies', 'app=mcp-server');
  const templateOf = async (name: string): Promise<string> =>
    JSON.stringify((await get(namespace, 'deployments', name))?.spec?.['template']);
  return {
    servers: servers.map((one) => [
      one.metadata.name,
      conditionOf(one, 'Available')?.reason,
      one.status?.['observedGeneration'] === one.metadata.generation,
      one.status?.conditions?.length,
    ]),
    children: children.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort(),
    isChanged: (await templateOf('a')).includes('"value":"2"'),
    isTakenBack: !(await templateOf('e')).includes('"enableServiceLinks":true'),
  };
}

const there = ['a', 'b', 'd', 'e'];
const wanted = {
  servers: there.map((name) => [name, 'ScaledToZero', true, 4]),
  children: ['Deployment', 'NetworkPolicy', 'Service'].flatMap((kind) => there.map((name) => `${kind}/${name}`)),
  isChanged: true,
  isTakenBack: true,
};

interface Seen {
  /** In a second. */
  readonly asked: number;
  readonly warned: number;
  /** What the server says meanwhile whose children are written. */
  readonly said: string;
  readonly isRestarted: boolean;
  readonly askedAtRest: number;
}

/** A reconciler of its own for a namespace, through a proxy on which it goes wrong for a while. */
async function run(namespace: string, row: Row): Promise<Seen> {
  const proxy = await startFaultProxy();
  const apiServer = createApiServer(proxy.url, systemClock, () => Promise.resolve({ headers: {}, tls: {} }));
  let warned = 0;
  const stop = startLead({
    api: createKubeApi({ server: apiServer, userAgent: 'e2e' }),
    ...{ clock: systemClock, version: '1', namespaces: [namespace], probe: () => Promise.resolve(verified) },
    metrics: createReconcilerMetrics(new Registry()),
    log: { ...silentLogger, warn: () => void (warned += 1) },
  });
  const digestOf = async (): Promise<string> =>
    JSON.stringify((await get(namespace, 'deployments', 'b'))?.spec?.['template']);
  try {
    await apply(namespace, listOf(settings(1), ...['a', 'b', 'c', 'e'].map((name) => server(name, 1))));
    await eventually('all are told of', async () => {
      const servers = await list({ namespace }, 'mcpservers');
      return servers.every((one) => conditionOf(one, 'Available')?.reason === 'ScaledToZero');
    });
    const [before, askedBefore, warnedBefore] = [await digestOf(), proxy.count(), warned];
    const begunAt = performance.now();
    row.begin?.(proxy);
    const again = (): Promise<void> => Promise.resolve(row.each?.(proxy));
    const said = async (): Promise<string> =>
      JSON.stringify((await get(namespace, 'mcpservers', 'a'))?.status?.conditions);
    await meanwhile(again, async () => {
      await changeAll(namespace);
      await sleep(faultMs);
      const isTold = async (): Promise<boolean> =>
        warned > warnedBefore && (row.told !== 'status' || (await said()).includes(toldOfStatus));
      if (row.told !== undefined) await eventually('it is told', isTold, { describe: said });
    });
    const seconds = (performance.now() - begunAt) / 1_000;
    const asked = (proxy.count() - askedBefore) / seconds;
    const whileItLasts = { asked, warned: warned - warnedBefore, said: await said() };
    proxy.faultOf = () => undefined;
    await eventually(
      'all is as it is wanted',
      async () => JSON.stringify(await whatStands(namespace)) === JSON.stringify(wanted),
      { describe: () => whatStands(namespace) },
    );
    await settledFingerprint(namespace);
    const atRest = proxy.count();
    await sleep(restMs);
    return { ...whileItLasts, isRestarted: (await digestOf()) !== before, askedAtRest: proxy.count() - atRest };
  } finally {
    await stop();
    await proxy.close();
  }
}

describe('a reconciler and an API server on which something goes wrong between them', () => {
  const namespaces = new Map(Object.keys(rows).map((name) => [name, useNamespace()]));
  const seen = new Map<string, PromiseSettledResult<Seen>>();

  beforeAll(async () => {
    await untilComplete();
    const all = Object.entries(rows);
    // All at the same time: each has to wait for the most part.
    const results = await whileNobodyLeads(() =>
      Promise.allSettled(all.map(([name, row]) => run(namespaces.get(name) ?? '', row))),
    );
    for (const [at, [name]] of all.entries()) {
      const result = results[at];
      if (result !== undefined) seen.set(name, result);
    }
  });

  it.each(Object.entries(rows))(
    '%s: does all that is wanted in the end, asks in no loop, and says so while it lasts',
    (name, { told }) => {
      const result = seen.get(name);
      if (result?.status !== 'fulfilled')
        throw new Error('it did not come to what is wanted', { cause: result?.reason });
      const { asked, warned, said, isRestarted, askedAtRest } = result.value;
      expect(isRestarted).toBe(true);
      expect(asked).toBeLessThan(maxAsked);
      expect(askedAtRest).toBeLessThan(20);
      if (told !== undefined) expect(warned).toBeGreaterThan(0);
      if (told === 'status') expect(said).toContain(toldOfStatus);
    },
  );
});
