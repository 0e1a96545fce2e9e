/**
 * @alone its metrics are an API of the whole cluster; it installs the kinds of KEDA and of the Prometheus operator, and the chart with monitoring.
 * @slow autoscalers look four times a minute; the first time KEDA and Prometheus are built, which takes many minutes.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { findCluster } from '../../../scripts/cluster/cluster.ts';
import type { Running } from '../../harness/beside.ts';
import { installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { buildKeda, startKeda } from '../../harness/keda.ts';
import { apply, conditionOf, get, kubectl, kubectlOk, list, type KubeObject } from '../../harness/kubectl.ts';
import { imageOf, kubernetesServer, stdioCommand, stdioServer, untilCondition } from '../../harness/mcp-server.ts';
import { installMonitoringKinds, removeMonitoringKinds } from '../../harness/monitoring-kinds.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { node, runInside } from '../../harness/node-pod.ts';
import { buildPrometheus, startOperator, startPrometheus, untilConfigured } from '../../harness/prometheus.ts';

interface ScaledObject {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly triggers: readonly [{ readonly type: string; readonly metadata: Readonly<Record<string, string>> }];
  };
}

/** As the guide shows them, in the namespace `tools`. */
const samples = [...readFileSync('docs/guides/autoscaling.md', 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)]
  .map(([, text = '']) => text)
  .filter((text) => text.includes('kind: ScaledObject'));

/** Where what minutes are waited for is waited for in seconds. */
const hurried = {
  ...{ pollingInterval: 2, cooldownPeriod: 5 },
  advanced: { horizontalPodAutoscalerConfig: { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } } },
};

describe('an MCPServer that a real KEDA scales, by the samples of the guide', () => {
  const namespace = useNamespace();
  const inNamespace = ['--namespace', namespace];
  const running: Running[] = [];

  beforeAll(async () => {
    const cluster = await findCluster();
    if (cluster === undefined) throw new Error('scripts/ecosystem brought the cluster up');
    const [keda, programs] = [await buildKeda(), await buildPrometheus()];
    await installMonitoringKinds();
    await installChart({ args: ['--set', 'monitoring.enabled=true'] });
    await apply(namespace, { apiVersion: 'v1', kind: 'List', items: [...tasks, prometheusOfTeam] });
    await applyFromGit(search);
    await applyFromGit(files);
    running.push(await startKeda(cluster, keda, namespace));
    running.push(startOperator(programs, namespace));
    const configuration = await untilConfigured(namespace, 'team', `podMonitor/${namespace}/files/0`);
    running.push(await startPrometheus(cluster, programs, { configuration }));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    await untilCondition(namespace, 'files', { type: 'Verified', status: 'True' });
  }, 3_600_000);
  afterAll(async () => {
    for (const program of running) await program.stop();
    await installChart();
    await removeMonitoringKinds();
  });

  /** As Flux and Argo CD do. */
  const applyFromGit = (manifest: object): Promise<string> =>
    kubectlOk(['apply', '--server-side', '--field-manager=gitops', ...inNamespace, '--filename', '-'], manifest);
  const read = (name: string): Promise<KubeObject | undefined> => get(namespace, 'mcpservers', name);
  /** Everybody agrees: who scales, the server, its pods. */
  const untilPods = (name: string, pods: number): Promise<unknown> =>
    eventually(
      `${name} has ${pods} pods`,
      async () => {
        const [server, found] = [await read(name), await list({ namespace }, 'pods', `mcp-server=${name}`)];
        return (server?.status?.['readyReplicas'] ?? 0) === pods && found.length === pods;
      },
      {
        withinMs: 240_000,
        describe: async () => ({
          objects: (await list({ namespace }, 'scaledobjects.keda.sh')).map(({ status }) => status),
          autoscalers: (await list({ namespace }, 'horizontalpodautoscalers')).map(({ status }) => status),
          said: running.map((program) => program.said()),
        }),
      },
    );
  const sample = (name: string, trigger: Readonly<Record<string, string>> = {}): object => {
    const text = samples.find((found) => found.includes(`name: ${name}\n`)) ?? '';
    const inPlace = text
      .replaceAll('namespace: tools', `namespace: ${namespace}`)
      .replaceAll('tasks.tools.', `tasks.${namespace}.`);
    const { spec, ...rest } = parse(inPlace.replaceAll('"tools"', `"${namespace}"`)) as ScaledObject;
    const [{ metadata, ...kept }] = spec.triggers;
    return { ...rest, spec: { ...spec, ...hurried, triggers: [{ ...kept, metadata: { ...metadata, ...trigger } }] } };
  };
  const remove = (name: string): Promise<string> => kubectlOk(['delete', 'scaledobject', name, ...inNamespace]);
  const setWaiting = (count: number): Promise<string> =>
    runInside(namespace, 'tasks', `fetch('http://127.0.0.1:8080/set/${count}').then(() => undefined)`);
  /** Longer than two looks of an autoscaler and of KEDA. */
  const expectNobodyWrites = async (name: string, manifest: object): Promise<void> => {
    const before = await read(name);
    for (let time = 0; time < 2; time += 1) await applyFromGit(manifest);
    await sleep(35_000);
    const after = await read(name);
    expect(after?.metadata.generation).toBe(before?.metadata.generation);
    expect((await get(namespace, 'deployments', name))?.spec?.['replicas']).toBe(
      (after?.spec as { runtime?: { replicas?: number } }).runtime?.replicas,
    );
  };

  it.each(samples)('is named by a sample with no field that the kind does not know', async (text) => {
    const moved = text.replace('namespace: tools', `namespace: ${namespace}`);
    const create = ['create', '--dry-run=server', '--validate=strict', '--filename', '-'];
    expect(await kubectl(create, moved)).toMatchObject({ code: 0, stderr: '' });
    expect((await kubectl(create, moved.replace('minReplicaCount:', 'minReplicas:'))).code).toBe(1);
  });

  it('has no pods while no tasks wait, which is no failure', async () => {
    await apply(namespace, sample('search-by-tasks'));
    await untilPods('search', 0);
    await untilCondition(namespace, 'search', { type: 'Ready', status: 'True', reason: 'ScaledToZero' });
    const server = await untilCondition(namespace, 'search', { type: 'Verified', status: 'Unknown' });
    expect(server.status?.address?.url).toContain(`search.${namespace}.svc`);
    await expectNobodyWrites('search', search);
  });

  it('is woken by tasks, gets as many pods as there are tasks for, and stays verified meanwhile', async () => {
    await setWaiting(5);
    await untilPods('search', 1);
    const { status } = await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    const since = status?.conditions?.find(({ type }) => type === 'Verified')?.lastTransitionTime;
    await setWaiting(25);
    await untilPods('search', 3);
    await expectNobodyWrites('search', search);
    expect(conditionOf(await read('search'), 'Verified')).toMatchObject({ status: 'True', lastTransitionTime: since });
  });

  it('loses pods with the tasks, and the last one when there are none', async () => {
    await setWaiting(5);
    await untilPods('search', 1);
    expect(conditionOf(await read('search'), 'Verified')?.status).toBe('True');
    await setWaiting(0);
    await untilPods('search', 0);
    await remove('search-by-tasks');
  });

  it('has pods in office hours, and none after them', async () => {
    await apply(namespace, sample('search-office-hours', hours(-1, 1)));
    await untilPods('search', 2);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    await apply(namespace, sample('search-office-hours', hours(-3, -1)));
    await untilPods('search', 0);
    await remove('search-office-hours');
  });

  it('for stdio has pods by its sessions, which Prometheus has counted', async () => {
    const [pod] = await list({ namespace }, 'pods', 'mcp-server=files');
    const url = `http://${(pod?.status?.['podIP'] as string | undefined) ?? ''}:8080/mcp`;
    const sessions = await beginSessions(namespace, url, 3);
    await apply(namespace, sample('files-by-sessions', { serverAddress: 'http://127.0.0.1:19090', threshold: '2' }));
    await untilPods('files', 2);
    await expectNobodyWrites('files', files);
    await endSessions(namespace, url, sessions);
    await untilPods('files', 1);
    expect(conditionOf(await read('files'), 'Verified')?.status).toBe('True');
    await remove('files-by-sessions');
  });
});

/** What is in Git: nothing of replicas. */
const search = kubernetesServer('search', { mcp: { stateless: true } });
const files = stdioServer('files', {
  extensions: {
    stdio: { command: [...stdioCommand, 'legacy'], maxSessions: 4 },
    metrics: { port: 9090, interval: '1s', labels: { prometheus: 'team' } },
  },
});

const prometheusOfTeam = {
  ...{ apiVersion: 'monitoring.coreos.com/v1', kind: 'Prometheus', metadata: { name: 'team' } },
  // The operator makes the configuration; the program runs beside the cluster, so no pod needs its image.
  spec: { replicas: 0, podMonitorSelector: { matchLabels: { prometheus: 'team' } } },
};

/** Says how many tasks wait, as it was told. */
const tasks = [
  {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'tasks' } },
    spec: { selector: { app: 'tasks' }, ports: [{ port: 8080 }] },
  },
  {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'tasks', labels: { app: 'tasks' } } },
    spec: {
      ...{ automountServiceAccountToken: false, terminationGracePeriodSeconds: 0 },
      containers: [
        {
          ...{ name: 'node', image: imageOf('mcp-client') },
          command: [
            node,
            '-e',
            `let waiting = 0;
            require('node:http').createServer(({ url }, response) => {
              if (url.startsWith('/set/')) waiting = Number(url.slice(5));
              response.setHeader('content-type', 'application/json');
              response.end(JSON.stringify({ waiting }));
            }).listen(8080);`,
          ],
        },
      ],
    },
  },
];

/** Office hours from and to so many hours from now, every day. */
function hours(from: number, to: number): Readonly<Record<string, string>> {
  const at = (offset: number): string => {
    const moment = new Date(Date.now() + offset * 3_600_000);
    return `${moment.getUTCMinutes()} ${moment.getUTCHours()} * * *`;
  };
  return { timezone: 'Etc/UTC', start: at(from), end: at(to) };
}

/** In the older era, each with a process of its own; their ids. */
async function beginSessions(namespace: string, url: string, count: number): Promise<readonly string[]> {
  const clientInfo = { name: 'e2e', version: '1' };
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo };
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  const script = `Promise.all(Array.from({ length: ${count} }, async () => {
    const answer = await fetch('${url}', ${JSON.stringify({ method: 'POST', headers, body })});
    return answer.headers.get('mcp-session-id');
  })).then((ids) => console.log(JSON.stringify(ids)));`;
  const ids = JSON.parse(await runInside(namespace, 'tasks', script)) as readonly string[];
  expect(new Set(ids).size).toBe(count);
  return ids;
}

async function endSessions(namespace: string, url: string, ids: readonly string[]): Promise<void> {
  const script = `Promise.all(${JSON.stringify(ids)}.map(async (id) => {
    const answer = await fetch('${url}', { method: 'DELETE', headers: { 'mcp-session-id': id } });
    return answer.ok;
  })).then((ended) => console.log(JSON.stringify(ended)));`;
  expect(await runInside(namespace, 'tasks', script)).toBe(JSON.stringify(ids.map(() => true)));
}
