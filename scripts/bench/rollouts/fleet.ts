import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { objectPath } from '../../../webhooks/platform/kube/api.ts';
import { metaOf } from '../../../webhooks/platform/kube/object.ts';
import type { FakeKubeApi } from '../../../webhooks/platform/kube/testing/fake-kube-api.ts';
import { startChild } from '../admission/child.ts';
import { apiVersion, plural } from '../cluster/servers.ts';
import type { Figure, Progress } from '../measurement.ts';
import { DeploymentController } from '../stand-in/deployment-controller.ts';
import { installImage, startReconciler, type RunningReconciler } from '../stand-in/reconciler.ts';
import { startStandInApi } from '../stand-in/stand-in-api.ts';
import { readRounds } from './rounds.ts';
import { ServerLog } from './server-log.ts';

/** One server of the fleet, `namespace/name`. */
export type ServerKey = string;

/** A reconciler among verified servers of one replica each, whose pods come and go. */
export interface Fleet {
  readonly objects: FakeKubeApi;
  readonly controller: DeploymentController;
  readonly log: ServerLog;
  /** Since the start, over all processes. */
  usage(): { readonly memoryBytes: number; readonly cpuSeconds: number; readonly ends: number };
  /** How often any server was reconciled, over all processes. */
  rounds(): Promise<number>;
  /** As its owner: another argument, so another template. */
  change(key: ServerKey, argument: string): void;
  /** Stops the one that leads as a kubelet does, and starts another one. */
  restart(): Promise<void>;
  /** Waits; throws with `what` after so many seconds. */
  until(what: string, isDone: () => boolean, seconds: number): Promise<void>;
}

/** Counts from now on, once what was asked at the start is asked again only later; returns what was spent until it is called. */
export async function beginToCount(
  fleet: Fleet,
): Promise<() => Promise<{ readonly cpu: number; readonly rounds: number }>> {
  await sleep(10_000);
  fleet.controller.forget();
  fleet.log.begin();
  const [cpu, rounds] = [fleet.usage().cpuSeconds, await fleet.rounds()];
  return async () => ({ cpu: fleet.usage().cpuSeconds - cpu, rounds: (await fleet.rounds()) - rounds });
}

/** How pods behave: a quick start, so that what is measured is the queue and not the wait for images. */
const times = { readyMs: 300, endMs: 200 };
const names = fileURLToPath(new URL('../hostile/loopback-names.cjs', import.meta.url));

/** In every namespace there is one; each server reads that of its own. */
const settings = 'settings';

/** Runs `work` once all servers are verified and nothing is on its way. */
export async function withFleet<T>(
  keys: readonly ServerKey[],
  progress: Progress,
  work: (fleet: Fleet) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-bench-'));
  const servers = startChild('../rollouts/servers-process.ts', { cpu: 1 });
  const controller = new DeploymentController(times);
  const api = await startStandInApi(controller.run);
  try {
    // The process tells its address first.
    const { port } = (await servers.receive()) as { readonly port: number };
    await installImage(folder, api.url);
    for (const namespace of new Set(keys.map((key) => splitServer(key).namespace)))
      putSettings(api.objects, namespace, 'info');
    for (const key of keys) api.objects.put(pathOf(key), serverOf(key, port));
    const log = new ServerLog(api.objects, keys);
    const fleet = openFleet({
      objects: api.objects,
      controller,
      log,
      start: () => startReconciler(folder, { preload: names }),
    });
    try {
      const startedAt = performance.now();
      await fleet.until(`${keys.length} servers are verified`, () => log.isCalm(), 240);
      progress(`${keys.length} servers are verified after ${secondsSince(startedAt)} s`);
      return await work(fleet);
    } finally {
      await fleet.stop();
    }
  } finally {
    await servers.stop();
    await api.close();
    await rm(folder, { recursive: true });
  }
}

interface Parts extends Pick<Fleet, 'objects' | 'controller' | 'log'> {
  readonly start: () => RunningReconciler;
}

function openFleet({ objects, controller, log, start }: Parts): Fleet & { stop(): Promise<void> } {
  let program = start();
  const before = { memoryBytes: 0, cpuSeconds: 0, ends: 0, rounds: 0 };
  const usage: Fleet['usage'] = () => ({
    memoryBytes: Math.max(before.memoryBytes, program.mostMemoryBytes()),
    cpuSeconds: before.cpuSeconds + program.cpuSeconds(),
    ends: before.ends + program.ends(),
  });
  return {
    ...{ objects, controller, log, usage },
    rounds: async () => before.rounds + (await readRounds()),
    change(key, argument) {
      const { generation } = metaOf(objects.get(pathOf(key)));
      log.expectChange(key);
      objects.put(pathOf(key), {
        metadata: { generation: generation + 1 },
        spec: { config: { arguments: [argument] } },
      });
    },
    async restart() {
      const rounds = before.rounds + (await readRounds());
      Object.assign(before, usage(), { rounds });
      await program.stop();
      program = start();
    },
    async until(what, isDone, seconds) {
      const startedAt = performance.now();
      while (!isDone()) {
        if (performance.now() - startedAt > seconds * 1_000)
          throw new Error(`not within ${seconds} s: ${what}; ${log.describeOpen()}`);
        await sleep(50);
      }
    },
    stop: () => program.stop(),
  };
}

/** The last events are told once status is written. */
const eventsMs = 5_000;

/** Writes but for the Lease from soon on, and of what they were. */
export async function measureQuiet(
  { log }: Fleet,
  seconds: number,
): Promise<Pick<Figure, 'measured' | 'isMet' | 'remark'>> {
  await sleep(eventsMs);
  log.begin();
  await sleep(seconds * 1_000);
  const { writes } = log.written();
  const remark = describeWrites(writes);
  return { measured: String(writes.length), isMet: writes.length === 0, ...(remark === '' ? {} : { remark }) };
}

/** How many there were of each collection: the names of servers do not tell why there were any. */
function describeWrites(writes: readonly string[]): string {
  const times = new Map<string, number>();
  for (const write of writes) {
    const [method = '', path = ''] = write.split(' ');
    const [, plural = path, isStatus] = /\/namespaces\/[^/]+\/([^/]+)(?:\/[^/]+(\/status)?)?$/.exec(path) ?? [];
    const what = `${method} ${plural}${isStatus ?? ''}`;
    times.set(what, (times.get(what) ?? 0) + 1);
  }
  return [...times].map(([what, count]) => `${count} × ${what}`).join(', ');
}

export function putSettings(objects: FakeKubeApi, namespace: string, level: string): void {
  const path = objectPath({ apiVersion: 'v1', plural: 'configmaps', namespace, name: settings });
  const metadata = { name: settings, namespace };
  objects.put(path, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { LOG_LEVEL: level } });
}

function serverOf(key: ServerKey, port: number): Readonly<Record<string, unknown>> {
  return {
    apiVersion,
    kind: 'MCPServer',
    metadata: splitServer(key),
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'registry.example.com/search/mcp-server:1.4.2' } },
      config: { port, path: '/mcp', arguments: ['--first'], envFrom: [{ configMapRef: { name: settings } }] },
      runtime: { replicas: 1 },
    },
  };
}

function splitServer(key: ServerKey): { readonly namespace: string; readonly name: string } {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}

function pathOf(key: ServerKey): string {
  return objectPath({ apiVersion, plural, ...splitServer(key) });
}

export function secondsSince(startedAt: number): string {
  return ((performance.now() - startedAt) / 1_000).toFixed(1);
}
