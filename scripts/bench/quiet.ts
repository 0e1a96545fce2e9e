import { setTimeout as sleep } from 'node:timers/promises';
import { release } from '../quickstart/install.ts';
import { growth, readApiMetrics, writesTo, type Metric } from './cluster/api-metrics.ts';
import {
  create,
  inParallel,
  isSettled,
  numbered,
  plural,
  readVersions,
  stoppedServer,
  untilServers,
  type ServerObject,
  type StoredServer,
} from './cluster/servers.ts';
import { inNamespace, openStage } from './cluster/stage.ts';
import { cpuOf, listContainers } from './cluster/usage.ts';
import type { Figure, Measurement } from './measurement.ts';

const count = 1000;
const minutes = 10;
const healthy = 'bench-quiet';
const broken = 'bench-broken';

const ours = ['mcpservers', 'services', 'networkpolicies', 'deployments'];

const bar = {
  what: `Writes in ${minutes} quiet minutes with ${count} healthy and ${count} broken servers`,
  bar: '0 but the Lease',
};

export const quiet: Measurement = {
  name: 'quiet',
  method:
    `${count} healthy servers (replicas 0) and ${count} that cannot start (900 ask for more CPU than any node has, 100 ` +
    `name a ConfigMap that does not exist), left alone for ${minutes} minutes; every write to MCPServers, Deployments, ` +
    "Services and NetworkPolicies in the API server's own metrics counts, and every changed resourceVersion.",
  minutes: 20,
  bars: [bar],
  async run(progress) {
    const stage = await openStage(progress);
    return inNamespace(stage, healthy, () =>
      inNamespace(stage, broken, async () => {
        const names = numbered('server', count);
        const settled = untilServers(stage.api, healthy, count, isSettled);
        await inParallel(names, 8, (name) => create(stage.api, stoppedServer(healthy, name), plural));
        await settled;
        const refused = untilServers(stage.api, broken, count, isUnavailable);
        await inParallel(names, 8, (name) => create(stage.api, brokenServer(name), plural));
        await refused;
        progress(`${2 * count} servers are there; waiting until the last transition is over`);
        await sleep(90_000);

        const containers = await listContainers(stage);
        const [cpu, before] = [cpuOf(containers), await readApiMetrics(stage, 'apiserver_request_total')];
        const versions = [await readVersions(stage.api, healthy), await readVersions(stage.api, broken)];
        progress(`quiet for ${minutes} minutes`);
        await sleep(minutes * 60_000);
        const grown = growth(before, await readApiMetrics(stage, 'apiserver_request_total'));
        const after = [await readVersions(stage.api, healthy), await readVersions(stage.api, broken)];
        const changed = versions.map((old, index) => countChanged(old, after[index] ?? new Map()));
        return toFigures(writesTo(ours, grown), changed, cpuOf(containers) - cpu);
      }),
    );
  },
};

function isUnavailable({ status }: StoredServer): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Available' && is === 'False') === true;
}

function brokenServer(name: string): ServerObject {
  const server = stoppedServer(broken, name);
  const isUnconfigured = Number(name.slice(-4)) % 10 === 0;
  const runtime = {
    replicas: 1,
    resources: { requests: { cpu: '1000', memory: '64Mi' }, limits: { cpu: '1000', memory: '64Mi' } },
  };
  const config = {
    ...(server.spec['config'] as object),
    ...(isUnconfigured ? { envFrom: [{ configMapRef: { name: 'nowhere' } }] } : {}),
  };
  return { ...server, spec: { ...server.spec, config, runtime } };
}

export function countChanged(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): number {
  return [...after].filter(([name, version]) => before.get(name) !== version).length;
}

function toFigures(written: readonly Metric[], changed: readonly number[], cpuSeconds: number): readonly Figure[] {
  const total = written.reduce((sum, { value }) => sum + value, 0);
  const [ofHealthy = 0, ofBroken = 0] = changed;
  return [
    {
      ...bar,
      measured: String(total),
      isMet: total === 0 && ofHealthy + ofBroken === 0,
      remark:
        `${ofHealthy} healthy and ${ofBroken} broken servers changed` +
        written
          .map(({ labels, value }) => `; ${value} × ${labels['verb'] ?? ''} ${labels['resource'] ?? ''}`)
          .join('') +
        `; ${cpuSeconds.toFixed(1)} s of CPU by all containers of ${release.name}`,
    },
  ];
}
