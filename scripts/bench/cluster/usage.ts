import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { release } from '../../quickstart/install.ts';
import { ofRelease, type Stage } from './stage.ts';

/** One container of ours, and where the kernel counts what it uses. */
export interface Container {
  /** `webhook` or `reconciler`. */
  readonly name: string;
  readonly pod: string;
  /** Anonymous memory in bytes: what cannot be given back. */
  readonly memoryBytes: () => number;
  /** CPU time since its start, in seconds. */
  readonly cpuSeconds: () => number;
  /** How often it ran into its memory limit. */
  readonly limitHits: () => number;
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly status: {
      readonly containerStatuses?: readonly {
        readonly name: string;
        readonly containerID?: string;
        readonly restartCount?: number;
      }[];
    };
  }[];
}

const cgroups = '/sys/fs/cgroup';

async function listPods(stage: Stage): Promise<PodList['items']> {
  const text = await stage.kubectl('-n', release.namespace, 'get', 'pods', '-l', ofRelease, '-o', 'json');
  return (JSON.parse(text) as PodList).items;
}

/** How often containers of the pods of the release were started again, in all. */
export async function readRestarts(stage: Stage): Promise<number> {
  const statuses = (await listPods(stage)).flatMap(({ status }) => status.containerStatuses ?? []);
  return statuses.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
}

/** The containers of the release that run now. The cgroups are read on this machine: the bench's cluster runs on it. */
export async function listContainers(stage: Stage): Promise<readonly Container[]> {
  return (await listPods(stage))
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .flatMap(({ metadata, status }) =>
      (status.containerStatuses ?? [])
        .filter(({ name }) => name === 'webhook' || name === 'reconciler')
        .flatMap(({ name, containerID }) => {
          const id = containerID?.split('//')[1];
          return id === undefined ? [] : [openContainer(name, metadata.name, id)];
        }),
    );
}

function openContainer(name: string, pod: string, id: string): Container {
  const isV1 = existsSync(join(cgroups, 'memory'));
  const memory = findGroup(join(cgroups, isV1 ? 'memory' : ''), id);
  const cpu = findGroup(join(cgroups, isV1 ? 'cpuacct' : ''), id);
  return isV1
    ? {
        name,
        pod,
        memoryBytes: () => numberIn(join(memory, 'memory.stat'), 'total_rss'),
        cpuSeconds: () => Number(readFileSync(join(cpu, 'cpuacct.usage'), 'utf8')) / 1e9,
        limitHits: () => Number(readFileSync(join(memory, 'memory.failcnt'), 'utf8')),
      }
    : {
        name,
        pod,
        memoryBytes: () => numberIn(join(memory, 'memory.stat'), 'anon'),
        cpuSeconds: () => numberIn(join(cpu, 'cpu.stat'), 'usage_usec') / 1e6,
        limitHits: () => numberIn(join(memory, 'memory.events'), 'max'),
      };
}

function numberIn(file: string, key: string): number {
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${key} `));
  if (line === undefined) throw new Error(`${file} says nothing about ${key}`);
  return Number(line.split(' ')[1]);
}

function findGroup(root: string, id: string): string {
  const found = readdirSync(root, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith(id));
  if (found === undefined) throw new Error(`no cgroup of container ${id} below ${root}`);
  return join(root, found);
}

/**
 * Looks at memory four times a second until stopped; the largest seen of each container, by `pod/name`, infinite for one
 * that ended meanwhile (the kernel ended it, mostly).
 */
export function watchMemory(containers: readonly Container[]): { stop(): ReadonlyMap<string, number> } {
  const largest = new Map<string, number>();
  const look = (): void => {
    for (const container of containers) {
      const key = `${container.pod}/${container.name}`;
      largest.set(key, Math.max(largest.get(key) ?? 0, readWhileThere(container.memoryBytes)));
    }
  };
  look();
  const timer = setInterval(look, 250);
  return {
    stop() {
      clearInterval(timer);
      look();
      return largest;
    },
  };
}

function readWhileThere(read: () => number): number {
  try {
    return read();
  } catch {
    return Infinity;
  }
}

/** How often they ran into their limits; infinite when one of them ended. */
export function limitHitsOf(containers: readonly Container[]): number {
  return containers.reduce((sum, container) => sum + readWhileThere(container.limitHits), 0);
}

export function cpuOf(containers: readonly Container[]): number {
  return containers.reduce((sum, container) => sum + container.cpuSeconds(), 0);
}
