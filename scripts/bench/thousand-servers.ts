import { setTimeout as sleep } from 'node:timers/promises';
import { objectPath } from '../../webhooks/platform/kube/api.ts';
import {
  apiVersion,
  create,
  expectOk,
  inParallel,
  isSettled,
  listServers,
  numbered,
  plural,
  readVersions,
  stoppedServer,
  untilServers,
} from './cluster/servers.ts';
import { asTheFloorIsWritten, measureFloor } from './cluster/floor.ts';
import { endTerm } from './cluster/leader.ts';
import { inNamespace, openStage, untilRolledOut, type Stage } from './cluster/stage.ts';
import { listContainers, watchMemory } from './cluster/usage.ts';
import type { Figure, Measurement, Progress } from './measurement.ts';

const count = 1000;
const width = 8;
const names = numbered('server', count);

/** Spec changes that are timed, one after the other. */
const changes = 10;

const bars = {
  creation: { what: `${count} MCPServers at replicas 0 → all children exist, status written`, bar: '≤ 1.2 ×' },
  cpu: { what: 'The same, CPU of all our containers', bar: '< 6 s' },
  change: { what: `Spec change with ${count} servers → child updated, the slowest of ${changes}`, bar: '< 1 s' },
  restart: { what: `Leading pod deleted with ${count} servers → a change made meanwhile is applied`, bar: '< 3 s' },
  unchanged: { what: 'The same, servers written that did not change', bar: '0' },
};

export const thousandServers: Measurement = {
  name: 'thousand-servers',
  method:
    `${count} MCPServers at replicas 0, created by ${width} requests at a time, until all children exist and status is ` +
    `written; beside it, with the release scaled away, the same client writes ${asTheFloorIsWritten}. Then one spec ` +
    'change, and a graceful stop of the pod that leads while another change is made.',
  minutes: 10,
  bars: Object.values(bars),
  async run(progress) {
    const stage = await openStage(progress);
    const floor = await measureFloorOf(stage, progress);
    return inNamespace(stage, 'bench-thousand', async () => [
      ...(await measureCreation(stage, floor, progress)),
      await measureChange(stage, progress),
      ...(await measureRestart(stage, progress)),
    ]);
  },
};

async function measureFloorOf(stage: Stage, progress: Progress): Promise<number> {
  try {
    return await measureFloor(stage, { names, width, serverNamed: stoppedServer, isDone: isSettled }, progress);
  } finally {
    await openStage(progress);
  }
}

async function measureCreation(stage: Stage, floor: number, progress: Progress): Promise<readonly Figure[]> {
  const namespace = 'bench-thousand';
  const containers = await listContainers(stage);
  const memory = watchMemory(containers);
  const before = containers.map(({ cpuSeconds }) => cpuSeconds());
  const startedAt = performance.now();
  const settled = untilServers(stage.api, namespace, count, isSettled);
  await inParallel(names, width, (name) => create(stage.api, stoppedServer(namespace, name), plural));
  await settled;
  const seconds = (performance.now() - startedAt) / 1000;
  const spent = containers.map(({ name, cpuSeconds }, index) => ({
    name,
    seconds: cpuSeconds() - (before[index] ?? 0),
  }));
  const cpuSeconds = spent.reduce((sum, { seconds }) => sum + seconds, 0);
  const largest = Math.max(...memory.stop().values()) / 1e6;
  progress(`${count} servers settled in ${seconds.toFixed(1)} s`);
  await expectChildren(stage, namespace);
  return [
    {
      ...bars.creation,
      measured: `${(seconds / floor).toFixed(2)} × a client that writes the same objects`,
      isMet: seconds / floor <= 1.2,
      remark: `${seconds.toFixed(1)} s against ${floor.toFixed(1)} s; most anonymous memory of one container ${largest.toFixed(0)} MB`,
    },
    {
      ...bars.cpu,
      measured: `${cpuSeconds.toFixed(1)} s`,
      isMet: cpuSeconds < 6,
      remark: spent
        .toSorted((a, b) => a.name.localeCompare(b.name) || b.seconds - a.seconds)
        .map(({ name, seconds }) => `${name} ${seconds.toFixed(1)} s`)
        .join(', '),
    },
  ];
}

async function expectChildren(stage: Stage, namespace: string): Promise<void> {
  for (const kind of ['deployments', 'services', 'networkpolicies']) {
    const text = await stage.kubectl('-n', namespace, 'get', kind, '-o', 'name');
    const found = text.trim().split('\n').length;
    if (found !== count) throw new Error(`${found} ${kind} instead of ${count}`);
  }
}

/** Changes an argument of one server; resolves when the Deployment has it, in seconds since `since`, by default since the change was stored. */
async function changeAndWait(
  { api }: Stage,
  name: string,
  { argument, since }: { readonly argument: string; readonly since?: number },
): Promise<number> {
  const namespace = 'bench-thousand';
  const path = objectPath({ apiVersion, plural, namespace, name });
  const body = { spec: { config: { arguments: [argument] } } };
  expectOk(await api.request({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body }));
  const startedAt = since ?? performance.now();
  const child = objectPath({ apiVersion: 'apps/v1', plural: 'deployments', namespace, name });
  while (!JSON.stringify(expectOk(await api.request({ method: 'GET', path: child }))).includes(argument)) {
    if (performance.now() - startedAt > 120_000) throw new Error(`${name} was not changed within two minutes`);
    await sleep(10);
  }
  return (performance.now() - startedAt) / 1000;
}

async function measureChange(stage: Stage, progress: Progress): Promise<Figure> {
  const times: number[] = [];
  for (const name of names.slice(0, changes))
    times.push(await changeAndWait(stage, name, { argument: `--changed-${name}` }));
  const slowest = Math.max(...times);
  progress(`spec changes took ${times.map((time) => time.toFixed(2)).join(', ')} s`);
  return {
    ...bars.change,
    measured: `${slowest.toFixed(2)} s`,
    isMet: slowest < 1,
  };
}

async function measureRestart(stage: Stage, progress: Progress): Promise<readonly Figure[]> {
  const namespace = 'bench-thousand';
  await sleep(5000);
  const before = await readVersions(stage.api, namespace);
  const changed = names.at(-1) ?? '';
  const { deletedAt, ledForSeconds } = await endTerm(stage);
  const seconds = await changeAndWait(stage, changed, { argument: '--changed-during-the-restart', since: deletedAt });
  progress(`the change made during the restart was applied ${seconds.toFixed(2)} s after the deletion`);
  await untilRolledOut(stage);
  await sleep(10_000);
  const after = await listServers(stage.api, namespace);
  const written = after.filter(
    ({ metadata }) => metadata.name !== changed && before.get(metadata.name) !== metadata.resourceVersion,
  );
  return [
    {
      ...bars.restart,
      measured: `${seconds.toFixed(2)} s`,
      isMet: seconds < 3,
      remark: `it led for ${ledForSeconds.toFixed(2)} s more, and the change came then`,
    },
    {
      ...bars.unchanged,
      measured: String(written.length),
      isMet: written.length === 0,
    },
  ];
}
