import { setTimeout as sleep } from 'node:timers/promises';
import { objectPath } from '../../webhooks/platform/kube/api.ts';
import { listAt, metaOf, numberAt, recordAt } from '../../webhooks/platform/kube/object.ts';
import {
  apiVersion,
  create,
  expectOk,
  inParallel,
  isSettled,
  isTrue,
  numbered,
  plural,
  stoppedServer,
  untilServers,
  type ServerObject,
  type StoredServer,
} from './cluster/servers.ts';
import { endTerm } from './cluster/leader.ts';
import { inNamespace, openStage, untilRolledOut, type Stage } from './cluster/stage.ts';
import { cpuOf, listContainers, watchMemory } from './cluster/usage.ts';
import { watchWrites } from './cluster/writes.ts';
import type { Figure, Measurement, Progress } from './measurement.ts';

/** Of `rollout.maxConcurrent`, as the chart has it. */
const maxConcurrent = 10;
const running = numbered('running', 40);
const stopped = numbered('stopped', 960);
const namespaces = { running: 'bench-running', stopped: 'bench-stopped' };
const count = running.length + stopped.length;
const changes = 5;
const quietSeconds = 60;
const port = 8080;

const bars = {
  change: {
    what: `Spec change with ${count} servers, ${running.length} of which run → its candidate is written, the slowest of ${changes}`,
    bar: '< 1 s',
  },
  restart: { what: 'Leading pod deleted → the candidate of a change made meanwhile is written', bar: '< 3 s' },
  atOnce: {
    what: `All ${running.length} change at once: most that prove or replace their pods at the same time`,
    bar: `≤ ${maxConcurrent}, rollout.maxConcurrent`,
  },
  verdicts: { what: 'The same, servers that lost Available or Verified for a moment', bar: '0' },
  writes: { what: 'The same, writes to the MCPServer, the server with the most', bar: '≤ 10' },
  memory: { what: 'The same, most anonymous memory of one of our containers', bar: '< 50 MB' },
  quiet: { what: `Servers written in ${quietSeconds} s afterwards`, bar: '0' },
};

export const rolloutsOnCluster: Measurement = {
  name: 'rollouts-on-cluster',
  method:
    `${stopped.length} MCPServers at replicas 0 and ${running.length} that run and are verified, on a real cluster. ${changes} of these ` +
    'are changed one after the other, one more while the pod that leads is deleted, then all of them at once; each version is ' +
    'proven by a candidate before it replaces what serves.',
  minutes: 6,
  bars: Object.values(bars),
  async run(progress) {
    const stage = await openStage(progress, ['odd-mcp-server']);
    return inNamespace(stage, namespaces.running, () =>
      inNamespace(stage, namespaces.stopped, async () => {
        await fill(stage, progress);
        const alone = await measureAlone(stage, progress);
        const restart = await measureRestart(stage, progress);
        return [alone, restart, ...(await measureAll(stage, progress))];
      }),
    );
  },
};

async function fill(stage: Stage, progress: Progress): Promise<void> {
  const { api } = stage;
  const settled = untilServers(api, namespaces.stopped, stopped.length, isSettled);
  await inParallel(stopped, 8, (name) => create(api, stoppedServer(namespaces.stopped, name), plural));
  await settled;
  const verified = untilServers(api, namespaces.running, running.length, isCalm);
  await inParallel(running, 4, (name) => create(api, runningServer(stage, name), plural));
  await verified;
  progress(`${stopped.length} servers have settled, ${running.length} run and are verified`);
  await sleep(15_000);
}

function runningServer({ images }: Stage, name: string): ServerObject {
  const ref = images.get('odd-mcp-server')?.reference;
  return {
    apiVersion,
    kind: 'MCPServer',
    metadata: { name, namespace: namespaces.running },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref } },
      config: { port, arguments: [String(port), 'good'], env: [{ name: 'VERSION', value: 'first' }] },
      // All of them together, and a candidate of some, have to fit on a small machine.
      runtime: { resources: { requests: { cpu: '5m', memory: '32Mi' }, limits: { cpu: '1', memory: '128Mi' } } },
    },
  };
}

/** It serves what is wanted, and nothing is on its way. */
function isCalm(server: StoredServer): boolean {
  const is = (type: string): boolean => isTrue(server, type);
  const isOfNow = server.status?.observedGeneration === server.metadata.generation;
  return isOfNow && is('Verified') && is('Available') && !is('Reconciling') && !is('Stalled');
}

async function measureAlone(stage: Stage, progress: Progress): Promise<Figure> {
  const times: number[] = [];
  for (const name of running.slice(0, changes)) {
    times.push(await changeAndWait(stage, name));
    await untilServers(stage.api, namespaces.running, running.length, isCalm);
  }
  progress(`candidates were written after ${times.map((time) => time.toFixed(2)).join(', ')} s`);
  const slowest = Math.max(...times);
  return { ...bars.change, measured: `${slowest.toFixed(2)} s`, isMet: slowest < 1 };
}

async function measureRestart(stage: Stage, progress: Progress): Promise<Figure> {
  const { deletedAt, ledForSeconds } = await endTerm(stage);
  const seconds = await changeAndWait(stage, running[changes] ?? '', deletedAt);
  progress(`the candidate of a change made during the restart was written ${seconds.toFixed(2)} s after the deletion`);
  await untilRolledOut(stage);
  await untilServers(stage.api, namespaces.running, running.length, isCalm);
  await sleep(10_000);
  const remark = `it led for ${ledForSeconds.toFixed(2)} s more, and the change came then`;
  return { ...bars.restart, measured: `${seconds.toFixed(2)} s`, isMet: seconds < 3, remark };
}

async function change({ api }: Stage, name: string, version: string): Promise<void> {
  const path = objectPath({ apiVersion, plural, namespace: namespaces.running, name });
  const body = { spec: { config: { env: [{ name: 'VERSION', value: version }] } } };
  expectOk(await api.request({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body }));
}

/** In seconds, since `since`; by default, from the moment that the change is stored. */
async function changeAndWait(stage: Stage, name: string, since?: number): Promise<number> {
  await change(stage, name, `alone-${name}`);
  const startedAt = since ?? performance.now();
  const candidate = { apiVersion: 'apps/v1', plural: 'deployments', namespace: namespaces.running };
  const path = objectPath({ ...candidate, name: `${name}-candidate` });
  while (!(await stage.api.request({ method: 'GET', path })).ok) {
    if (performance.now() - startedAt > 60_000) throw new Error(`there is no candidate of ${name} within a minute`);
    await sleep(10);
  }
  return (performance.now() - startedAt) / 1_000;
}

async function measureAll(stage: Stage, progress: Progress): Promise<readonly Figure[]> {
  const containers = await listContainers(stage);
  const [memory, cpu] = [watchMemory(containers), cpuOf(containers)];
  const writes = await watchWrites(stage.api, namespaces.running, running.length);
  const seen = watchRollouts(stage);
  const startedAt = performance.now();
  await inParallel(running, 8, (name) => change(stage, name, 'all'));
  await untilServers(stage.api, namespaces.running, running.length, isCalm);
  const seconds = (performance.now() - startedAt) / 1_000;
  const mostAtOnce = await seen.stop();
  progress(`${running.length} rollouts took ${seconds.toFixed(1)} s`);
  const spent = cpuOf(containers) - cpu;
  const largest = Math.max(...memory.stop().values());
  const { times, lostVerdicts } = writes.stop();
  const mostWrites = Math.max(...times.values());
  const later = await Promise.all([
    watchWrites(stage.api, namespaces.running, running.length),
    watchWrites(stage.api, namespaces.stopped, stopped.length),
  ]);
  await sleep(quietSeconds * 1_000);
  const written = later.reduce((sum, one) => sum + one.stop().times.size, 0);
  return [
    {
      ...bars.atOnce,
      measured: String(mostAtOnce),
      isMet: mostAtOnce <= maxConcurrent,
      remark: `${seconds.toFixed(0)} s until all of them served, ${spent.toFixed(1)} s of CPU by our containers`,
    },
    { ...bars.verdicts, measured: String(lostVerdicts.size), isMet: lostVerdicts.size === 0 },
    // One of them is the change itself.
    { ...bars.writes, measured: String(mostWrites - 1), isMet: mostWrites - 1 <= 10 },
    { ...bars.memory, measured: `${(largest / 1e6).toFixed(0)} MB`, isMet: largest < 50e6 },
    { ...bars.quiet, measured: String(written), isMet: written === 0 },
  ];
}

/** Looks three times a second how many servers have a candidate, or pods of two templates. */
function watchRollouts({ api }: Stage): { stop(): Promise<number> } {
  const path = objectPath({ apiVersion: 'apps/v1', plural: 'deployments', namespace: namespaces.running });
  let most = 0;
  let isRunning = true;
  const look = async (): Promise<void> => {
    while (isRunning) {
      const list = expectOk(await api.request({ method: 'GET', path, maxBytes: 16 * 1024 * 1024 }));
      const busy = listAt(list, 'items')
        .filter(isRollingOut)
        .map((one) => metaOf(one).name.replace(/-candidate$/, ''));
      most = Math.max(most, new Set(busy).size);
      await sleep(300);
    }
  };
  const looking = look();
  return {
    async stop() {
      isRunning = false;
      await looking;
      return most;
    },
  };
}

function isRollingOut(deployment: unknown): boolean {
  const { name, generation, isDeleting } = metaOf(deployment);
  if (name.endsWith('-candidate')) return !isDeleting;
  const status = recordAt(deployment, 'status');
  const { updatedReplicas = 0, replicas = 0 } = recordAt(deployment, 'status') ?? {};
  return (numberAt(status, 'observedGeneration') ?? 0) < generation || updatedReplicas !== replicas;
}
