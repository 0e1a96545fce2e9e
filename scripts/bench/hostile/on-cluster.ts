import { setTimeout as sleep } from 'node:timers/promises';
import { isKind, kinds } from '../../../e2e/servers/odd-answers.ts';
import { execInCluster } from '../../cluster/cluster.ts';
import { release } from '../../quickstart/install.ts';
import { growth, quantile, readApiMetrics } from '../cluster/api-metrics.ts';
import {
  apiVersion,
  create,
  inParallel,
  listServers,
  numbered,
  plural,
  type StoredServer,
} from '../cluster/servers.ts';
import { inNamespace, ofRelease, openStage, type Stage } from '../cluster/stage.ts';
import { countFailures, startSteadyLoad } from '../cluster/steady-load.ts';
import { listContainers, watchMemory } from '../cluster/usage.ts';
import type { Progress } from '../measurement.ts';
import type { Seen } from './stand-in.ts';

export interface SeenOnCluster extends Pick<Seen, 'waits' | 'memoryBytes' | 'lost' | 'misjudged'> {
  /** Of our containers. */
  readonly restarts: number;
  readonly sent: number;
  readonly failed: number;
  /** Of validation, 99th percentile. */
  readonly latencyMs: number;
}

const namespaces = { good: 'bench-good', odd: 'bench-odd' };
const port = 8080;

/** Good servers and one of each other kind as pods of a real cluster, and admissions meanwhile. */
export async function seeOnCluster(
  crowd: { readonly good: number; readonly periodSeconds: number; readonly seconds: number },
  progress: Progress,
): Promise<SeenOnCluster> {
  const stage = await openStage(progress, ['odd-mcp-server']);
  return inNamespace(stage, namespaces.good, () =>
    inNamespace(stage, namespaces.odd, async () => {
      const good = numbered('good', crowd.good);
      const odd = Object.keys(kinds).filter((kind) => kind !== 'good');
      await inParallel(good, 4, (name) =>
        create(stage.api, serverOf(stage, { namespace: namespaces.good, name, kind: 'good', ...crowd }), plural),
      );
      await untilVerified(stage, crowd.good, progress);
      await inParallel(odd, 4, (kind) =>
        create(stage.api, serverOf(stage, { namespace: namespaces.odd, name: kind, kind, periodSeconds: 5 }), plural),
      );
      await sleep(30_000);
      return look(stage, crowd.seconds);
    }),
  );
}

async function look(stage: Stage, seconds: number): Promise<SeenOnCluster> {
  await readWaits(stage);
  const restartsBefore = await countRestarts(stage);
  const histogram = 'apiserver_admission_webhook_admission_duration_seconds_bucket';
  const before = await readApiMetrics(stage, histogram);
  const memory = watchMemory(await listContainers(stage));
  const load = startSteadyLoad(stage.api, { namespace: namespaces.odd, perSecond: 100 });
  await sleep(seconds * 1_000);
  const count = await load.stop();
  const grown = growth(before, await readApiMetrics(stage, histogram));
  const validations = grown.filter(({ labels }) => labels['name'] === 'validate.mcpservers.mcp.x-k8s.io');
  const good = await listServers(stage.api, namespaces.good);
  const odd = await listServers(stage.api, namespaces.odd);
  return {
    waits: await readWaits(stage),
    memoryBytes: Math.max(...memory.stop().values()),
    restarts: (await countRestarts(stage)) - restartsBefore,
    sent: count.sent,
    failed: countFailures(count),
    latencyMs: quantile(validations, 0.99) * 1_000,
    lost: good.filter((server) => !isVerified(server)).map(({ metadata }) => metadata.name),
    misjudged: odd
      .filter((server) => isKind(server.metadata.name) && kinds[server.metadata.name].isServer !== isVerified(server))
      .map(({ metadata }) => metadata.name),
  };
}

function serverOf(
  stage: Stage,
  {
    namespace,
    name,
    kind,
    periodSeconds,
  }: Readonly<Record<'namespace' | 'name' | 'kind', string>> & { readonly periodSeconds: number },
): { readonly apiVersion: string; readonly kind: string; readonly metadata: { name: string; namespace: string } } {
  const ref = stage.images.get('odd-mcp-server')?.reference;
  const server = {
    apiVersion,
    kind: 'MCPServer',
    metadata: { name, namespace },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref } },
      config: { port, arguments: [String(port), kind] },
      // All of them together have to fit on a small machine.
      runtime: { resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '500m', memory: '128Mi' } } },
      extensions: { verification: { periodSeconds } },
    },
  };
  return server;
}

function isVerified({ status }: StoredServer): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Verified' && is === 'True') ?? false;
}

async function untilVerified(stage: Stage, count: number, progress: Progress): Promise<void> {
  const deadline = performance.now() + 300_000;
  for (;;) {
    const verified = (await listServers(stage.api, namespaces.good)).filter(isVerified).length;
    if (verified === count) return;
    if (performance.now() > deadline)
      throw new Error(`only ${verified} of ${count} good servers are verified after 5 minutes`);
    progress(`${verified} of ${count} good servers are verified`);
    await sleep(3_000);
  }
}

/** What the good servers noted since the last call: the longest that each was not asked, in milliseconds. */
async function readWaits(stage: Stage): Promise<readonly number[]> {
  const addresses = await stage.kubectl(
    '-n',
    namespaces.good,
    'get',
    'pods',
    '-o',
    'jsonpath={.items[*].status.podIP}',
  );
  const script =
    "Promise.all(process.argv.slice(1).map((host) => fetch('http://' + host + ':8080/waits').then((answer) => answer.json())))" +
    '.then((all) => process.stdout.write(JSON.stringify(all)))';
  const command = [process.execPath, '-e', script, ...addresses.trim().split(' ')];
  const { code, stdout, stderr } = await execInCluster(stage.cluster, command);
  if (code !== 0) throw new Error(`the good servers cannot be asked: ${stderr.trim()}`);
  return JSON.parse(stdout) as readonly number[];
}

async function countRestarts(stage: Stage): Promise<number> {
  const counts = await stage.kubectl(
    ...['-n', release.namespace, 'get', 'pods', '-l', ofRelease],
    ...['-o', 'jsonpath={.items[*].status.containerStatuses[*].restartCount}'],
  );
  return counts
    .trim()
    .split(/\s+/)
    .reduce((sum, count) => sum + Number(count), 0);
}
