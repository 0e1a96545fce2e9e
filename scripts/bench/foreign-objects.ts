import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { objectPath } from '../../webhooks/platform/kube/api.ts';
import { metaOf, recordAt, stringAt } from '../../webhooks/platform/kube/object.ts';
import { apiVersion, isSettled, numbered, plural, stoppedServer, type StoredServer } from './cluster/servers.ts';
import { makeForeignObjects, type ForeignObject, type Likeness } from './foreign/objects.ts';
import type { Figure, Measurement, Progress } from './measurement.ts';
import { installImage, startReconciler, type RunningReconciler } from './stand-in/reconciler.ts';
import { startStandInApi, type StandInApi } from './stand-in/stand-in-api.ts';

const namespace = 'bench-among-foreign';
const servers = numbered('server', 1_000);
const foreign = 20_000;
/** Of the foreign objects that are written again while a server is changed. */
const writesPerSecond = 500;
const changes = 10;

const bars = {
  memoryUnlike: {
    what: `Most anonymous memory of the reconciler, from a fresh start on: ${servers.length} servers, ${foreign} foreign Deployments, ReplicaSets, pods and Services`,
    bar: '< 50 MB',
  },
  memoryLike: { what: 'The same, where all of these carry our labels, in one namespace', bar: '< 50 MB' },
  startLike: { what: 'The same, start → a change made before it is applied', bar: '< 3 s' },
  changeLike: {
    what: `The same, spec change → child updated while ${writesPerSecond} of them are written a second, the slowest of ${changes}`,
    bar: '< 1 s',
  },
  requestsLike: { what: 'The same, requests besides those changes and the Lease', bar: '0' },
  ends: { what: 'Times that the process ended', bar: '0' },
};

export const foreignObjects: Measurement = {
  name: 'foreign-objects',
  method:
    `The reconciler (as it is in the image, with the flags of image and chart) with an API server that stands in for a cluster and ` +
    `${servers.length} MCPServers at replicas 0, whose children exist. It starts anew among ${foreign} Deployments, ReplicaSets, ` +
    'pods (all of which fail) and Services that are not ours, first with labels of their own, then with those by which we find ' +
    'our children. The largest anonymous memory, read four times a second until nothing was asked for or written for ten seconds.',
  minutes: 4,
  bars: Object.values(bars),
  async run(progress) {
    const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-bench-'));
    const api = await startStandInApi();
    try {
      await installImage(folder, api.url);
      await createChildren(folder, api, progress);
      const alone = await measureStart({ folder, api }, progress);
      put(api, makeForeignObjects(foreign, 'unlike ours'));
      const unlike = await measureStart({ folder, api, likeness: 'unlike ours' }, progress);
      put(api, makeForeignObjects(foreign, 'with our labels'));
      const like = await measureStart({ folder, api, likeness: 'with our labels' }, progress);
      return toFigures({ alone, unlike, like });
    } finally {
      await api.close();
      await rm(folder, { recursive: true });
    }
  },
};

/** What was seen of one start, and after it. */
interface Seen {
  readonly memoryBytes: number;
  /** From the start of the process until a change that was made before is applied. */
  readonly appliedAfter: number;
  /** Until nothing was left to be done. */
  readonly cpuSeconds: number;
  /** While foreign objects are written: how long each spec change took. */
  readonly changes: readonly number[];
  readonly cpuShare: number;
  /** What was asked for or written meanwhile besides these changes and the Lease. */
  readonly others: readonly string[];
  readonly ends: number;
}

function toFigures({ alone, unlike, like }: Readonly<Record<'alone' | 'unlike' | 'like', Seen>>): readonly Figure[] {
  const slowest = Math.max(...like.changes);
  const ends = alone.ends + unlike.ends + like.ends;
  const [first] = like.others;
  return [
    {
      ...bars.memoryUnlike,
      measured: megabytes(unlike.memoryBytes),
      isMet: unlike.memoryBytes < 50e6,
      remark: `${megabytes(alone.memoryBytes)} without them; a change is applied ${unlike.appliedAfter.toFixed(1)} s after the start, ${alone.appliedAfter.toFixed(1)} s without them`,
    },
    { ...bars.memoryLike, measured: megabytes(like.memoryBytes), isMet: like.memoryBytes < 50e6 },
    {
      ...bars.startLike,
      measured: `${like.appliedAfter.toFixed(1)} s`,
      isMet: like.appliedAfter < 3,
      remark: `${like.cpuSeconds.toFixed(1)} s of CPU until nothing is left to be done, ${alone.cpuSeconds.toFixed(1)} s without them`,
    },
    {
      ...bars.changeLike,
      measured: `${slowest.toFixed(2)} s`,
      isMet: slowest < 1,
      remark: `${(like.cpuShare * 100).toFixed(0)} % of one CPU meanwhile`,
    },
    {
      ...bars.requestsLike,
      measured: String(like.others.length),
      isMet: like.others.length === 0,
      ...(first === undefined ? {} : { remark: `${first}, for example` }),
    },
    { ...bars.ends, measured: String(ends), isMet: ends === 0 },
  ];
}

async function createChildren(folder: string, { objects }: StandInApi, progress: Progress): Promise<void> {
  const open = new Set(servers);
  const stop = new AbortController();
  const path = objectPath({ apiVersion, plural });
  void objects.watch({ path, idleTimeoutMs: 0, signal: stop.signal }, ({ object }) => {
    // Of this collection.
    const server = object as StoredServer;
    if (isSettled(server)) open.delete(server.metadata.name);
  });
  for (const name of servers) objects.put(pathOf(name), stoppedServer(namespace, name));
  const program = startReconciler(folder);
  try {
    await until('all children are created', () => open.size === 0, 240);
    progress(`${servers.length} servers have their children`);
  } finally {
    stop.abort();
    await program.stop();
  }
}

function put({ objects }: StandInApi, some: readonly ForeignObject[]): void {
  for (const { path, object } of some) objects.put(path, object);
}

async function measureStart(
  { folder, api, likeness }: { readonly folder: string; readonly api: StandInApi; readonly likeness?: Likeness },
  progress: Progress,
): Promise<Seen> {
  const what = likeness === undefined ? 'alone' : `among ${foreign} objects ${likeness}`;
  const argument = `--changed-before-the-start-${likeness?.replaceAll(' ', '-') ?? 'alone'}`;
  const isApplied = change(api, servers.at(-1) ?? '', argument);
  const startedAt = performance.now();
  const program = startReconciler(folder);
  try {
    await until('the change is applied', isApplied, 120);
    const appliedAfter = secondsSince(startedAt);
    await untilQuiet(api);
    const cpuSeconds = program.cpuSeconds();
    progress(`${what}: applied after ${appliedAfter.toFixed(1)} s, ${megabytes(program.mostMemoryBytes())}`);
    const among = likeness === undefined ? nothingAmong : await changeAmong(api, program, likeness);
    return { ...among, appliedAfter, cpuSeconds, memoryBytes: program.mostMemoryBytes(), ends: program.ends() };
  } finally {
    await program.stop();
  }
}

const nothingAmong = { changes: [], cpuShare: 0, others: [] };

/** Each foreign object gets a new version all the time, as its controller would write it; some servers are changed meanwhile. */
async function changeAmong(
  api: StandInApi,
  program: RunningReconciler,
  likeness: Likeness,
): Promise<Pick<Seen, 'changes' | 'cpuShare' | 'others'>> {
  const some = makeForeignObjects(foreign, likeness);
  const changed = servers.slice(0, changes);
  const [before, told] = [countRequests(api), eventsOf(api)];
  const [cpu, startedAt] = [program.cpuSeconds(), performance.now()];
  let written = 0;
  const writing = setInterval(() => {
    const due = secondsSince(startedAt) * writesPerSecond;
    for (; written < due; written += 1) {
      const { path } = some[written % some.length] ?? { path: '' };
      api.objects.put(path, { metadata: { annotations: { note: `written ${written} times` } } });
    }
  }, 10);
  const times: number[] = [];
  try {
    for (const name of changed) {
      const changedAt = performance.now();
      await until('the change is applied', change(api, name, `--changed-among-${likeness.replaceAll(' ', '-')}`), 60);
      times.push(secondsSince(changedAt));
      await sleep(2_000);
    }
  } finally {
    clearInterval(writing);
  }
  const cpuShare = (program.cpuSeconds() - cpu) / secondsSince(startedAt);
  const isOfChanged = (request: string): boolean => changed.some((name) => isAbout(request, name));
  const others = [
    ...requestsSince(api, before).filter((request) => !isOfChanged(request) && !isEvent(request)),
    ...[...eventsOf(api)]
      .filter(([name, server]) => !told.has(name) && !changed.includes(server))
      .map(([name]) => name),
  ];
  return { changes: times, cpuShare, others };
}

/** Whether the request is for the server of that name, or a child that has it. */
function isAbout(request: string, name: string): boolean {
  return request.includes(`/namespaces/${namespace}/`) && request.split('/').includes(name);
}

function isEvent(request: string): boolean {
  return request.endsWith('/events') || request.includes('/events/');
}

/** Of whom each Event tells, by the names of all that were written: the request does not say it. */
function eventsOf({ objects }: StandInApi): ReadonlyMap<string, string> {
  const path = objectPath({ apiVersion: 'events.k8s.io/v1', plural: 'events', namespace });
  return new Map(
    objects.list(path).map((event) => [metaOf(event).name, stringAt(recordAt(event, 'regarding'), 'name') ?? '']),
  );
}

/** Returns whether the Deployment has it. */
function change({ objects }: StandInApi, name: string, argument: string): () => boolean {
  const { generation } = metaOf(objects.get(pathOf(name)));
  objects.put(pathOf(name), { metadata: { generation: generation + 1 }, spec: { config: { arguments: [argument] } } });
  const deployment = objectPath({ apiVersion: 'apps/v1', plural: 'deployments', namespace, name });
  return () => JSON.stringify(recordAt(objects.get(deployment), 'spec')).includes(argument);
}

interface RequestCount {
  readonly reads: number;
  readonly writes: number;
}

function countRequests({ objects: { reads, writes } }: StandInApi): RequestCount {
  return { reads: reads.length, writes: writes.length };
}

/** But for the Lease, and the look for optional APIs. */
function requestsSince({ objects }: StandInApi, { reads, writes }: RequestCount): readonly string[] {
  return [...objects.reads.slice(reads), ...objects.writes.slice(writes)].filter(
    (request) => !request.includes('/leases') && !/^GET \/apis\/[^/]+\/[^/]+$/.test(request),
  );
}

async function untilQuiet(api: StandInApi): Promise<void> {
  let [seen, since] = [countRequests(api), performance.now()];
  await until(
    'nothing is asked for any more',
    () => {
      if (requestsSince(api, seen).length > 0) [seen, since] = [countRequests(api), performance.now()];
      return performance.now() - since > 10_000;
    },
    180,
  );
}

async function until(what: string, isDone: () => boolean, seconds: number): Promise<void> {
  const startedAt = performance.now();
  while (!isDone()) {
    if (secondsSince(startedAt) > seconds) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(20);
  }
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1_000;
}

function pathOf(name: string): string {
  return objectPath({ apiVersion, plural, namespace, name });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
