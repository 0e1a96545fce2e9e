import { setTimeout as sleep } from 'node:timers/promises';
import { gatewayKeys } from '../../webhooks/core/mcpserver/gateway.ts';
import { ensureGatewayKinds } from '../cluster/packages/gateway-kinds.ts';
import { ensureMonitoringKinds } from '../cluster/packages/monitoring-kinds.ts';
import { resolveSettings } from '../cluster/settings.ts';
import { release } from '../quickstart/install.ts';
import { growth, readApiMetrics, writesTo, type Metric } from './cluster/api-metrics.ts';
import { asTheFloorIsWritten, measureFloor } from './cluster/floor.ts';
import {
  create,
  inParallel,
  isSettled,
  isTrue,
  numbered,
  plural,
  readVersions,
  stoppedServer,
  untilServers,
  type ServerObject,
  type StoredServer,
} from './cluster/servers.ts';
import { inNamespace, openStage, untilRolledOut, type Stage } from './cluster/stage.ts';
import { cpuOf, listContainers, watchMemory } from './cluster/usage.ts';
import type { Figure, Measurement, Progress } from './measurement.ts';
import { countChanged } from './quiet.ts';

const count = 1000;
const width = 8;
const names = numbered('server', count);
const namespace = 'bench-everything';

/** Everything that a server of this measurement asks for. */
const values = ['autoscaling.enabled=true', 'gateway.httpRoute.enabled=true', 'monitoring.enabled=true'];

/** Plurals of what one server becomes, with itself. */
const kinds = [
  ...['mcpservers', 'deployments', 'services', 'networkpolicies'],
  ...['horizontalpodautoscalers', 'httproutes', 'mcpgatewaybindings', 'podmonitors'],
];

const settings = { [gatewayKeys.gatewayName]: 'public', [gatewayKeys.gatewayNamespace]: 'gateways' };

const bars = {
  creation: {
    what: `${count} MCPServers at replicas 0, each with autoscaler, route, binding and PodMonitor → all exist, status written`,
    bar: '≤ 1.2 ×',
  },
  creating: { what: 'Anonymous memory of a container, while they are created', bar: '< 50 MB' },
  fresh: { what: 'The same, from a fresh start with all of them on', bar: '< 50 MB' },
  writes: { what: 'Writes in a quiet minute after that', bar: '0 but the Lease' },
};

export const everythingOn: Measurement = {
  name: 'everything-on',
  method:
    `The chart with ${values.join(', ')}; ${count} MCPServers at replicas 0, each with \`extensions.autoscaling\` (a stopped server ` +
    'keeps its autoscaler, which leaves it stopped), `spec.gateway` of the provider httproute and `extensions.metrics`, created by ' +
    `${width} requests at a time, until status speaks of all of it; beside it, with the release scaled away, the same client writes ` +
    `${asTheFloorIsWritten}. The kinds are those of the Gateway API and of the Prometheus operator, with neither a gateway nor a ` +
    'Prometheus: nobody takes the routes, which status says after half a minute. Then our ' +
    "pods are replaced, and a minute and a half later every write to these kinds in the API server's own metrics counts for a " +
    'minute, but for the status of Deployments and autoscalers, which Kubernetes writes.',
  minutes: 15,
  bars: Object.values(bars),
  async run(progress) {
    const { cache } = resolveSettings({}, process.env);
    const stage = await openStage(progress, [], values);
    const crds = [await ensureGatewayKinds(cache), await ensureMonitoringKinds(cache)];
    for (const crd of crds) {
      await stage.kubectl('apply', '--server-side', '--force-conflicts', '--filename', crd);
      await stage.kubectl('wait', '--for=condition=Established', '--timeout=3m', '--filename', crd);
    }
    try {
      const floor = await measureFloor(
        stage,
        { names, width, serverNamed, gateway, isDone: hasEverything, prepare },
        progress,
      );
      await openStage(progress, [], values);
      return await inNamespace(stage, namespace, async () => [
        ...(await measureCreation(stage, floor, progress)),
        ...(await measureFreshStart(stage, progress)),
      ]);
    } finally {
      for (const crd of crds) await stage.kubectl('delete', '--ignore-not-found', '--filename', crd);
      await openStage(progress);
    }
  },
};

const gateway = new Map(Object.entries(settings));

/** Makes what says of a namespace at which gateway its servers are published. */
function prepare({ api }: Stage, of: string): Promise<unknown> {
  const metadata = { name: 'edge', namespace: of };
  return create(api, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: settings }, 'configmaps');
}

function serverNamed(of: string, name: string): ServerObject {
  const server = stoppedServer(of, name);
  return {
    ...server,
    spec: {
      ...server.spec,
      mcp: { stateless: true },
      gateway: { provider: 'httproute', configRef: 'edge' },
      extensions: { autoscaling: { maxReplicas: 5 }, metrics: { port: 9090 } },
    },
  };
}

/** Its route and its binding are there when status speaks of a registration. */
function hasEverything(server: StoredServer): boolean {
  const isTold = server.status?.conditions?.some(({ type }) => type === 'GatewayRegistered') === true;
  return isSettled(server) && isTrue(server, 'Autoscaled') && isTrue(server, 'Monitored') && isTold;
}

async function measureCreation(stage: Stage, floor: number, progress: Progress): Promise<readonly Figure[]> {
  await prepare(stage, namespace);
  const containers = await listContainers(stage);
  const [cpu, before] = [cpuOf(containers), await readWrites(stage)];
  const memory = watchMemory(containers);
  const startedAt = performance.now();
  const settled = untilServers(stage.api, namespace, count, hasEverything);
  await inParallel(names, width, (name) => create(stage.api, serverNamed(namespace, name), plural));
  await settled;
  const seconds = (performance.now() - startedAt) / 1000;
  const largest = memory.stop();
  const written = totalOf(writesTo(kinds, growth(before, await readWrites(stage))));
  const cpuSeconds = cpuOf(containers) - cpu;
  progress(`${count} servers settled in ${seconds.toFixed(1)} s`);
  await expectChildren(stage);
  return [
    {
      ...bars.creation,
      measured: `${(seconds / floor).toFixed(2)} × a client that writes the same objects`,
      isMet: seconds / floor <= 1.2,
      remark:
        `${seconds.toFixed(1)} s against ${floor.toFixed(1)} s; ${(written / count).toFixed(2)} writes for each server; ` +
        `${cpuSeconds.toFixed(1)} s of CPU by all our containers`,
    },
    memoryFigure(bars.creating, largest),
  ];
}

async function expectChildren(stage: Stage): Promise<void> {
  for (const kind of kinds) {
    const text = await stage.kubectl('-n', namespace, 'get', kind, '-o', 'name');
    const found = text.trim().split('\n').length;
    if (found !== count) throw new Error(`${found} ${kind} instead of ${count}`);
  }
}

async function measureFreshStart(stage: Stage, progress: Progress): Promise<readonly Figure[]> {
  await stage.kubectl('-n', release.namespace, 'rollout', 'restart', 'deployment', release.name);
  await untilRolledOut(stage);
  const memory = watchMemory(await listContainers(stage));
  progress('our pods are new; waiting until the last transition is over');
  await sleep(90_000);
  const [before, versions] = [await readWrites(stage), await readVersions(stage.api, namespace)];
  progress('quiet for a minute');
  await sleep(60_000);
  const written = writesTo(kinds, growth(before, await readWrites(stage)));
  const changed = countChanged(versions, await readVersions(stage.api, namespace));
  const total = totalOf(written);
  const which = written.map(({ labels, value }) => `; ${value} × ${labels['verb'] ?? ''} ${labels['resource'] ?? ''}`);
  return [
    memoryFigure(bars.fresh, memory.stop()),
    {
      ...bars.writes,
      measured: String(total),
      isMet: total === 0 && changed === 0,
      remark: `${changed} servers changed${which.join('')}`,
    },
  ];
}

function totalOf(metrics: readonly Metric[]): number {
  return metrics.reduce((sum, { value }) => sum + value, 0);
}

function readWrites(stage: Stage): Promise<readonly Metric[]> {
  return readApiMetrics(stage, 'apiserver_request_total');
}

function memoryFigure(bar: (typeof bars)['fresh'], largest: ReadonlyMap<string, number>): Figure {
  const most = Math.max(...largest.values());
  const measured = most === Infinity ? 'a container ended' : `${(most / 1e6).toFixed(0)} MB`;
  return { ...bar, measured, isMet: most < 50e6 };
}
