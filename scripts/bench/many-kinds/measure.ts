import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { applyDefaults } from '../../../webhooks/core/defaults/apply.ts';
import { parseMCPServer } from '../../../webhooks/core/mcpserver/parse.ts';
import type { ExpandedKind } from '../../../webhooks/core/resources/expanded-kind.ts';
import { objectPath } from '../../../webhooks/platform/kube/api.ts';
import { apiVersion, isSettled, numbered, plural, stoppedServer, type StoredServer } from '../cluster/servers.ts';
import type { Progress } from '../measurement.ts';
import { installImage, startReconciler } from '../stand-in/reconciler.ts';
import { startStandInApi, type StandInApi } from '../stand-in/stand-in-api.ts';

/** What was seen of a reconciler with some list of kinds. Memory is anonymous memory, in bytes. */
export interface SeenOfKinds {
  /** Of how many kinds each server has a child. */
  readonly kinds: number;
  readonly whileCreating: number;
  /** Where all of it exists already. */
  readonly fromFreshStart: number;
  /** Requests after the fresh start that write something else than the Lease. */
  readonly writes: readonly string[];
  readonly ends: number;
}

const namespace = 'bench-kinds';
const inTrial = fileURLToPath(new URL('./kinds.ts', import.meta.url));
const inUse = fileURLToPath(new URL('../../../webhooks/core/resources/index.gen.ts', import.meta.url));

/** The list of the trial in place of that of the program, which nobody imports but the trial itself. */
export const withTrialKinds: Plugin = {
  name: 'more kinds of children',
  setup(bundler) {
    bundler.onResolve({ filter: /\/index\.gen\.ts$/ }, ({ importer, path, resolveDir }) =>
      importer !== inTrial && join(resolveDir, path) === inUse ? { path: inTrial } : undefined,
    );
  },
};

/** Nothing but the Lease was asked for or written for so long, in milliseconds: all is known, and nothing is left to do. */
const quietMs = 10_000;
const longestMs = 600_000;

/** What is in the image, with `plugins`, among servers that have a child of each of `kinds`; first none of these exists, then each. */
export async function measureKinds(
  kinds: readonly ExpandedKind[],
  { servers, plugins }: { readonly servers: number; readonly plugins: readonly Plugin[] },
  progress: Progress,
): Promise<SeenOfKinds> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-bench-'));
  const api = await startStandInApi();
  try {
    await installImage(folder, api.url, plugins);
    fill(api, servers);
    const creating = await runUntilQuiet(folder, api);
    const children = countChildren(api, kinds, servers);
    progress(`${children} kinds of children: created with at most ${megabytes(creating.most)}`);
    const before = api.objects.writes.length;
    const fresh = await runUntilQuiet(folder, api);
    progress(`${children} kinds of children: known from a fresh start with at most ${megabytes(fresh.most)}`);
    return {
      kinds: children,
      whileCreating: creating.most,
      fromFreshStart: fresh.most,
      writes: api.objects.writes.slice(before).filter((request) => !isOfLease(request)),
      ends: creating.ends + fresh.ends,
    };
  } finally {
    await api.close();
    await rm(folder, { recursive: true });
  }
}

/** Servers that ask for everything that one can ask for, in a cluster that has the Prometheus operator. */
function fill({ objects }: StandInApi, servers: number): void {
  objects.put('/apis/monitoring.coreos.com/v1', {
    kind: 'APIResourceList',
    resources: [{ name: 'podmonitors' }, { name: 'servicemonitors' }],
  });
  for (const name of numbered('server', servers)) objects.put(pathOf(name), manifestOf(name));
}

function manifestOf(name: string): ReturnType<typeof stoppedServer> {
  const server = stoppedServer(namespace, name);
  return { ...server, spec: { ...server.spec, extensions: { metrics: { port: 'mcp', interval: '30s' } } } };
}

function pathOf(name: string): string {
  return objectPath({ apiVersion, plural, namespace, name });
}

async function runUntilQuiet(
  folder: string,
  api: StandInApi,
): Promise<{ readonly most: number; readonly ends: number }> {
  const program = startReconciler(folder, { features: 'monitoring' });
  try {
    await untilSettled(api);
    await untilQuiet(api);
    return { most: program.mostMemoryBytes(), ends: program.ends() };
  } finally {
    await program.stop();
  }
}

async function untilQuiet({ objects }: StandInApi): Promise<void> {
  const count = (): number => [...objects.reads, ...objects.writes].filter((request) => !isPeriodic(request)).length;
  const deadline = performance.now() + longestMs;
  // Something has to have been asked for before it is quiet.
  let [last, since] = [count(), Infinity];
  while (performance.now() - since < quietMs) {
    if (performance.now() > deadline) throw new Error(`the reconciler is not quiet within ${longestMs / 1000} s`);
    await sleep(500);
    const now = count();
    if (now !== last) [last, since] = [now, performance.now()];
  }
}

/** The Lease, and the look for optional APIs. */
function isPeriodic(request: string): boolean {
  return isOfLease(request) || /^GET \/apis\/[^/]+\/[^/]+$/.test(request);
}

function isOfLease(request: string): boolean {
  return request.includes('/leases');
}

/** Looks seldom: each look copies all of them, on the other processor. */
async function untilSettled({ objects }: StandInApi): Promise<void> {
  const deadline = performance.now() + longestMs;
  for (;;) {
    const servers = objects.list(objectPath({ apiVersion, plural })) as unknown as readonly StoredServer[];
    const open = servers.filter((server) => !isSettled(server)).map(({ metadata }) => metadata.name);
    if (open.length === 0) return;
    if (performance.now() > deadline)
      throw new Error(
        `${open.length} servers are not settled within ${longestMs / 1000} s: ${open.slice(0, 3).join(', ')}`,
      );
    await sleep(2_000);
  }
}

/** Of how many kinds each server has one child; the others have none. */
function countChildren({ objects }: StandInApi, kinds: readonly ExpandedKind[], servers: number): number {
  const parsed = parseMCPServer({ ...manifestOf('any'), metadata: { name: 'any', namespace, uid: 'any' } });
  if (!parsed.ok) throw new Error('the manifest is no MCPServer');
  const server = applyDefaults(parsed.server);
  const wanted = kinds.filter((kind) => kind.build({ server }).length > 0);
  for (const kind of wanted) {
    const found = objects.list(objectPath({ apiVersion: kind.apiVersion, plural: kind.plural })).length;
    if (found !== servers) throw new Error(`${found} ${kind.plural} instead of ${servers}`);
  }
  return wanted.length;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
