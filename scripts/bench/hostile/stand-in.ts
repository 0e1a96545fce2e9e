import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isKind, kinds } from '../../../e2e/servers/odd-answers.ts';
import type { FakeKubeApi } from '../../../webhooks/platform/kube/testing/fake-kube-api.ts';
import { startChild } from '../admission/child.ts';
import { reconcilerFlags } from '../admission/webhook-flags.ts';
import { writeImageParts } from '../../image/bundle.ts';
import { apiVersion, numbered, plural } from '../cluster/servers.ts';
import type { Progress } from '../measurement.ts';
import { startStandInApi } from './stand-in-api.ts';

/** What was seen while everybody was asked. */
export interface Seen {
  /** The longest that each good server waited for the next question, in milliseconds. */
  readonly waits: readonly number[];
  /** Most anonymous memory of the process, in bytes. */
  readonly memoryBytes: number;
  /** The longest between two writes of the Lease, in milliseconds. */
  readonly leaseGapMs: number;
  /** How often the process ended. */
  readonly ends: number;
  /** Good servers that are not Verified at the end. */
  readonly lost: readonly string[];
  /** Kinds of which one server at least has another verdict than it has to have. */
  readonly misjudged: readonly string[];
  readonly cpuSeconds: number;
}

export interface Crowd {
  readonly good: number;
  readonly ofEachKind: number;
  readonly periodSeconds: { readonly good: number; readonly odd: number };
  readonly seconds: number;
}

const namespaces = { good: 'good', odd: 'odd' };

/** The reconciler of the bundle among tenants, with an API server and Services that stand in for a cluster. */
export async function seeAmongTenants(crowd: Crowd, progress: Progress): Promise<Seen> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-bench-'));
  const tenants = startChild('../hostile/tenants-process.ts', { cpu: 1 });
  const api = await startStandInApi();
  try {
    // The process tells its address first.
    const { port } = (await tenants.receive()) as { readonly port: number };
    await writeImageParts(folder);
    await writeFile(join(folder, 'kubeconfig'), kubeconfig(api.url));
    const good = numbered('good', crowd.good);
    const odd = Object.keys(kinds)
      .filter((kind) => kind !== 'good')
      .flatMap((kind) => numbered(kind, crowd.ofEachKind));
    for (const name of good) put(api.objects, namespaces.good, { name, port, periodSeconds: crowd.periodSeconds.good });
    for (const name of odd) put(api.objects, namespaces.odd, { name, port, periodSeconds: crowd.periodSeconds.odd });
    const program = startReconciler(folder);
    try {
      await until(progress, 'the good ones are verified', () => countVerified(api.objects, good) === good.length);
      // From here on the time counts: everybody was asked once.
      await sleep(crowd.periodSeconds.good * 1_000);
      await tenants.ask({});
      api.longestLeaseGapMs();
      await sleep(crowd.seconds * 1_000);
      const { waits } = (await tenants.ask({})) as { readonly waits: readonly number[] };
      return {
        waits,
        memoryBytes: program.mostMemoryBytes(),
        cpuSeconds: program.cpuSeconds(),
        leaseGapMs: api.longestLeaseGapMs(),
        ends: program.ends(),
        lost: good.filter((name) => !isVerified(api.objects, namespaces.good, name)),
        misjudged: misjudged(api.objects, odd),
      };
    } finally {
      await program.stop();
    }
  } finally {
    await tenants.stop();
    await api.close();
    await rm(folder, { recursive: true });
  }
}

function kubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'stand-in', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'bench', user: {} }],
    contexts: [{ name: 'stand-in', context: { cluster: 'stand-in', user: 'bench' } }],
    'current-context': 'stand-in',
  });
}

interface Tenant {
  readonly name: string;
  readonly port: number;
  readonly periodSeconds: number;
}

function put(objects: FakeKubeApi, namespace: string, { name, port, periodSeconds }: Tenant): void {
  objects.put(pathOf(namespace, name), {
    apiVersion,
    kind: 'MCPServer',
    metadata: { name, namespace },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'registry.example.com/tenants/odd:1.0.0' } },
      config: { port, path: '/mcp' },
      runtime: { replicas: 1 },
      extensions: { verification: { periodSeconds } },
    },
  });
}

function pathOf(namespace: string, name: string): string {
  return `/apis/${apiVersion}/namespaces/${namespace}/${plural}/${name}`;
}

interface Status {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

function isVerified(objects: FakeKubeApi, namespace: string, name: string): boolean {
  // Written by the reconciler, by its schema.
  const { conditions = [] } = (objects.get(pathOf(namespace, name))?.['status'] ?? {}) as Status;
  return conditions.some(({ type, status }) => type === 'Verified' && status === 'True');
}

function countVerified(objects: FakeKubeApi, names: readonly string[]): number {
  return names.filter((name) => isVerified(objects, namespaces.good, name)).length;
}

function misjudged(objects: FakeKubeApi, names: readonly string[]): readonly string[] {
  const wrong = names.flatMap((name) => {
    const kind = name.replace(/-\d+$/, '');
    const isRight = isKind(kind) && kinds[kind].isServer === isVerified(objects, namespaces.odd, name);
    return isRight ? [] : [kind];
  });
  return [...new Set(wrong)].map((kind) => `${wrong.filter((one) => one === kind).length} × ${kind}`);
}

interface RunningProgram {
  mostMemoryBytes(): number;
  cpuSeconds(): number;
  ends(): number;
  stop(): Promise<void>;
}

/** On a processor of its own; started again when it ends, as a kubelet would. */
function startReconciler(folder: string): RunningProgram {
  const names = fileURLToPath(new URL('./loopback-names.cjs', import.meta.url));
  const command = [
    ...['-c', '0', process.execPath, ...reconcilerFlags, '--require', names],
    ...[join(folder, 'mcp-lifecycle.cjs'), 'reconciler'],
  ];
  const env = {
    ...process.env,
    KUBECONFIG: join(folder, 'kubeconfig'),
    POD_NAMESPACE: 'mcp-lifecycle-system',
    POD_NAME: 'bench',
    OWN_IMAGE: 'registry.example.com/mcp-lifecycle:0.1.0',
    OWN_SERVICE_ACCOUNTS: 'mcp-lifecycle',
    OWN_SECRETS: 'mcp-lifecycle-certificate',
    LEASE_NAME: 'mcp-lifecycle',
    HEALTH_PORT: '18083',
    METRICS_PORT: '18082',
    CLUSTER_DOMAIN: 'cluster.local',
    // As in the chart: what is measured is the container.
    MALLOC_ARENA_MAX: '1',
    MALLOC_MMAP_THRESHOLD_: '65536',
    MALLOC_TRIM_THRESHOLD_: '65536',
    LOG_LEVEL: 'error',
  };
  let ends = 0;
  let most = 0;
  let isStopping = false;
  const start = (): ReturnType<typeof spawn> => {
    const child = spawn('taskset', command, { env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('exit', () => {
      if (isStopping) return;
      ends += 1;
      running = start();
    });
    return child;
  };
  let running = start();
  const timer = setInterval(() => {
    most = Math.max(most, anonymousBytes(running.pid));
  }, 250);
  return {
    mostMemoryBytes: () => most,
    cpuSeconds: () => cpuSecondsOf(running.pid),
    ends: () => ends,
    async stop() {
      isStopping = true;
      clearInterval(timer);
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.kill('SIGTERM');
      await ended;
    },
  };
}

/** Of a process that may be gone: 0 then. */
function anonymousBytes(pid: number | undefined): number {
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(read(`/proc/${pid ?? 0}/status`))?.[1] ?? 0) * 1024;
}

/** Since its start; the clock of the kernel has a hundred ticks a second. */
function cpuSecondsOf(pid: number | undefined): number {
  const fields =
    read(`/proc/${pid ?? 0}/stat`)
      .split(') ')[1]
      ?.split(' ') ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

async function until(progress: Progress, what: string, isDone: () => boolean): Promise<void> {
  const startedAt = performance.now();
  while (!isDone()) {
    if (performance.now() - startedAt > 180_000) {
      progress(`not after 3 minutes: ${what}`);
      return;
    }
    await sleep(500);
  }
  progress(`${what} after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}
