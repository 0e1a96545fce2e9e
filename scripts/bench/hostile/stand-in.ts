import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isKind, kinds } from '../../../e2e/servers/odd-answers.ts';
import type { FakeKubeApi } from '../../../webhooks/platform/kube/testing/fake-kube-api.ts';
import { startChild } from '../admission/child.ts';
import { apiVersion, numbered, plural } from '../cluster/servers.ts';
import type { Progress } from '../measurement.ts';
import { installImage, startReconciler } from '../stand-in/reconciler.ts';
import { startStandInApi } from '../stand-in/stand-in-api.ts';

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
const names = fileURLToPath(new URL('./loopback-names.cjs', import.meta.url));

/** The reconciler of the bundle among tenants, with an API server and Services that stand in for a cluster. */
export async function seeAmongTenants(crowd: Crowd, progress: Progress): Promise<Seen> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-bench-'));
  const tenants = startChild('../hostile/tenants-process.ts', { cpu: 1 });
  const api = await startStandInApi();
  try {
    // The process tells its address first.
    const { port } = (await tenants.receive()) as { readonly port: number };
    await installImage(folder, api.url);
    const good = numbered('good', crowd.good);
    const odd = Object.keys(kinds)
      .filter((kind) => kind !== 'good')
      .flatMap((kind) => numbered(kind, crowd.ofEachKind));
    for (const name of good) put(api.objects, namespaces.good, { name, port, periodSeconds: crowd.periodSeconds.good });
    for (const name of odd) put(api.objects, namespaces.odd, { name, port, periodSeconds: crowd.periodSeconds.odd });
    const program = startReconciler(folder, { preload: names });
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
