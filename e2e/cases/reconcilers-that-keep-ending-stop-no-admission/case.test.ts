/**
 * @alone it kills reconcilers.
 * @slow every leader is ended, until kubelets wait longer than a Lease does.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { whileAdmitting } from '../../harness/admission-load.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, list, type KubeObject } from '../../harness/kubectl.ts';
import {
  findLeader,
  killReconciler,
  renewPods,
  untilComplete,
  untilLeader,
  type Leader,
} from '../../harness/leader.ts';
import { kubernetesServer } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { listPods } from '../../harness/replicas.ts';

const service = `${release.name}-webhook`;

/** As many as it takes until kubelets wait for both pods. */
const leastEnds = 4;

/** What a kubelet says of a container that it starts again in 40 s or later: a Lease runs out in 15. */
const longPause = /^back-off (?:40s|\d+m)/;

/**
 * From there on, in milliseconds: if the next leader followed as soon as the Lease has run out, it would end while the
 * kubelet of the last one still waits, and no pod would be left.
 */
const leaseAndMoreMs = 30_000;

/** A busy machine gets more time for all of it than the two minutes that it takes. */
const longestMs = 900_000;

/** An API server learns of an endpoint a moment after a kubelet has told that its pod is ready: so many looks. */
const looksOfAMoment = 5;

interface Ending {
  readonly ends: number;
  readonly fewestEndpoints: number;
  /** Whether a kubelet waited longer than a Lease does. */
  readonly hadLongPause: boolean;
}

/** Ends every leader as soon as it leads: what leading itself would do if it took more memory than there is. */
async function endLeaders(): Promise<Ending> {
  const startedAt = Date.now();
  let ended: Leader | undefined;
  let ends = 0;
  let pausesSince: number | undefined;
  const looks: number[] = [];
  const isOver = (now: number): boolean =>
    now - startedAt > longestMs ||
    (ends >= leastEnds && pausesSince !== undefined && now - pausesSince > leaseAndMoreMs);
  while (!isOver(Date.now())) {
    looks.push(await countEndpoints());
    if ((await listPods()).some(isInLongPause)) pausesSince ??= Date.now();
    const leader = await findLeader(ended);
    if (leader === undefined) {
      await sleep(500);
      continue;
    }
    await killReconciler(leader.pod);
    ended = leader;
    ends += 1;
  }
  const moments = looks.slice(looksOfAMoment - 1).map((_, at) => Math.max(...looks.slice(at, at + looksOfAMoment)));
  return { ends, fewestEndpoints: Math.min(...moments), hadLongPause: pausesSince !== undefined };
}

interface ContainerStatus {
  readonly name: string;
  readonly restartCount: number;
  readonly state?: { readonly waiting?: { readonly message?: string } };
}

function reconcilerOf(pod: KubeObject | undefined): ContainerStatus | undefined {
  const statuses = (pod?.status?.['containerStatuses'] ?? []) as readonly ContainerStatus[];
  return statuses.find(({ name }) => name === 'reconciler');
}

function isInLongPause(pod: KubeObject): boolean {
  return longPause.test(reconcilerOf(pod)?.state?.waiting?.message ?? '');
}

/**
 * Ends the reconciler that does not lead twice, so that its kubelet has waited once: from then on it waits twice as long
 * each time.
 */
async function endTheOther(): Promise<void> {
  const { pod } = await untilLeader();
  const other = (await listPods()).find(({ metadata }) => metadata.name !== pod);
  if (other === undefined) throw new Error('there are two replicas');
  const before = reconcilerOf(other)?.restartCount ?? 0;
  const { name } = other.metadata;
  await killReconciler(name);
  await killReconciler(name);
  await eventually(`${name} is ready after two ends`, async () => {
    const now = await get(release.namespace, 'pods', name);
    return conditionOf(now, 'Ready')?.status === 'True' && (reconcilerOf(now)?.restartCount ?? 0) >= before + 2;
  });
}

/** Pods that a new connection to the webhooks may reach; an API server whose connection is open does not need any. */
async function countEndpoints(): Promise<number> {
  const slices = await list(
    { namespace: release.namespace },
    'endpointslices',
    `kubernetes.io/service-name=${service}`,
  );
  return slices.flatMap(({ endpoints }) => (endpoints ?? []) as readonly Endpoint[]).filter(isReady).length;
}

interface Endpoint {
  readonly conditions?: { readonly ready?: boolean };
}

const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready === true;

describe('while every reconciler ends as soon as it leads', () => {
  const namespace = useNamespace();

  beforeAll(async () => {
    await untilComplete();
    await endTheOther();
  });
  afterAll(() => renewPods());

  it('no create and no update fails, and there is always a pod for the next connection', async () => {
    const failures = await whileAdmitting(
      namespace,
      async ({ during, untilMore }) => {
        await untilMore(20);
        await during('leaders ended', async () => {
          const { ends, fewestEndpoints, hadLongPause } = await endLeaders();
          expect(fewestEndpoints).toBeGreaterThan(0);
          expect(ends).toBeGreaterThanOrEqual(leastEnds);
          expect(hadLongPause).toBe(true);
        });
        await untilMore(20);
      },
      'dry runs and applies',
    );
    expect(failures).toEqual([]);
  });

  it('the first that does not end does what was left undone', async () => {
    await apply(namespace, kubernetesServer('meanwhile', { runtime: { replicas: 0 } }));
    await eventually('the child exists', () => get(namespace, 'deployments', 'meanwhile'), {
      // The longest that a kubelet waits before it starts a container again, and the Lease.
      withinMs: 400_000,
    });
  });
});
