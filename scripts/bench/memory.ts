import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { execInCluster } from '../cluster/cluster.ts';
import { release } from '../quickstart/install.ts';
import { create, inParallel, isSettled, numbered, plural, stoppedServer, untilServers } from './cluster/servers.ts';
import { inNamespace, ofRelease, openStage, untilRolledOut, type Stage } from './cluster/stage.ts';
import { countFailures, startSteadyLoad } from './cluster/steady-load.ts';
import { limitHitsOf, listContainers, watchMemory, type Container } from './cluster/usage.ts';
import type { Figure, Measurement, Progress } from './measurement.ts';

const servers = 1000;
const foreign = 20_000;
const namespace = 'bench-memory';
const foreignNamespace = 'bench-foreign';

const bars = {
  admissions: {
    what: `Anonymous memory of a container: ${servers} servers, ${foreign} foreign ConfigMaps and Secrets each, 100 admissions/s`,
    bar: '< 50 MB',
  },
  connections: { what: 'The same with 64 connections at full speed', bar: '< 96 MiB, the limit' },
  bodies: { what: 'The same with 16 concurrent bodies of 7 MiB', bar: '< 96 MiB, the limit' },
  limit: { what: 'Times that a container ran into its memory limit', bar: '0' },
};

export const memory: Measurement = {
  name: 'memory',
  method:
    `${servers} MCPServers, ${foreign} ConfigMaps and ${foreign} Secrets that none of them names, 100 creates a second ` +
    '(server dry runs) for a minute; then 64 connections at full speed, and 16 concurrent bodies of 7 MiB, straight at ' +
    'each webhook. The largest anonymous memory of any container, read from its cgroup four times a second.',
  minutes: 15,
  bars: Object.values(bars),
  async run(progress) {
    const stage = await openStage(progress);
    return inNamespace(stage, namespace, () =>
      inNamespace(stage, foreignNamespace, async () => {
        await fill(stage, progress);
        // A fresh start lists all of it at once, which is the worst moment.
        await stage.kubectl('-n', release.namespace, 'rollout', 'restart', 'deployment', release.name);
        await untilRolledOut(stage);
        const containers = await listContainers(stage);
        const hitsBefore = limitHitsOf(containers);
        const figures = [await measureAdmissions(stage, containers, progress)];
        for (const load of ['connections', 'bodies'] as const) {
          figures.push(await measureHostile(stage, containers, load));
        }
        const hits = limitHitsOf(containers) - hitsBefore;
        return [...figures, toLimitFigure(hits)];
      }),
    );
  },
};

async function fill(stage: Stage, progress: Progress): Promise<void> {
  const settled = untilServers(stage.api, namespace, servers, isSettled);
  await inParallel(numbered('server', servers), 8, (name) => create(stage.api, stoppedServer(namespace, name), plural));
  await settled;
  progress(`${servers} servers settled`);
  const metadata = (name: string): { name: string; namespace: string } => ({ name, namespace: foreignNamespace });
  await inParallel(numbered('foreign', foreign), 16, async (name) => {
    const data = { key: 'x'.repeat(1024) };
    await create(stage.api, { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(name), data }, 'configmaps');
    const stringData = data;
    await create(stage.api, { apiVersion: 'v1', kind: 'Secret', metadata: metadata(name), stringData }, 'secrets');
  });
  progress(`${foreign} foreign ConfigMaps and Secrets are there`);
}

async function measureAdmissions(stage: Stage, containers: readonly Container[], progress: Progress): Promise<Figure> {
  const watch = watchMemory(containers);
  const load = startSteadyLoad(stage.api, { namespace, perSecond: 100 });
  await sleep(60_000);
  const count = await load.stop();
  const largest = watch.stop();
  for (const [name, bytes] of largest) progress(`${name}: ${megabytes(bytes)}`);
  const most = Math.max(...largest.values());
  return {
    ...bars.admissions,
    measured: megabytes(most),
    isMet: most < 50e6,
    remark: `${count.sent} creates, ${countFailures(count)} failed; from their start on, after a rollout`,
  };
}

async function measureHostile(
  stage: Stage,
  containers: readonly Container[],
  load: 'connections' | 'bodies',
): Promise<Figure> {
  const watch = watchMemory(containers);
  const script = fileURLToPath(new URL('./cluster/hostile-load.ts', import.meta.url));
  const hosts = await stage.kubectl(
    ...['-n', release.namespace, 'get', 'pods', '-l', ofRelease],
    ...['-o', 'jsonpath={.items[*].status.podIP}'],
  );
  const answers: string[] = [];
  for (const host of hosts.trim().split(' ')) {
    const { code, stdout, stderr } = await execInCluster(stage.cluster, [process.execPath, script, load, host]);
    if (code !== 0) throw new Error(`the load failed: ${stderr.trim()}`);
    answers.push(stdout.trim());
  }
  const most = Math.max(...watch.stop().values());
  return {
    ...bars[load],
    measured: megabytes(most),
    isMet: most < 96 * 1024 * 1024,
    remark: answers.join('; '),
  };
}

function toLimitFigure(hits: number): Figure {
  return {
    ...bars.limit,
    measured: hits === Infinity ? 'a container ended' : String(hits),
    isMet: hits === 0,
  };
}

function megabytes(bytes: number): string {
  return bytes === Infinity ? 'a container ended' : `${(bytes / 1e6).toFixed(0)} MB`;
}
