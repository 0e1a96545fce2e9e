/**
 * @alone it kills reconcilers.
 * @slow three minutes in which every leader is ended: kubelets have to wait longer than a Lease does.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { whileAdmitting } from '../../harness/admission-load.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, list } from '../../harness/kubectl.ts';
import { findLeader, killReconciler, renewPods, untilComplete, type Leader } from '../../harness/leader.ts';
import { kubernetesServer } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const service = `${release.name}-webhook`;

/**
 * Long enough for ten leaders if each followed as soon as the Lease of the last one has run out: kubelets would wait longer
 * than that before they start a container again, for those of all pods at once.
 */
const dyingMs = 180_000;

/** As many as it takes until kubelets wait for both pods; a busy machine gets more time for them. */
const leastEnds = 4;
const longestMs = 480_000;

/** An API server learns of an endpoint a moment after a kubelet has told that its pod is ready: so many looks. */
const looksOfAMoment = 5;

/** Ends every leader as soon as it leads: what leading itself would do if it took more memory than there is. */
async function endLeaders(): Promise<{ readonly ends: number; readonly fewestEndpoints: number }> {
  const startedAt = Date.now();
  let ended: Leader | undefined;
  let ends = 0;
  const looks: number[] = [];
  while (Date.now() - startedAt < (ends < leastEnds ? longestMs : dyingMs)) {
    looks.push(await countEndpoints());
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
  return { ends, fewestEndpoints: Math.min(...moments) };
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

  beforeAll(untilComplete);
  afterAll(renewPods);

  it('no create and no update fails, and there is always a pod for the next connection', async () => {
    const failures = await whileAdmitting(
      namespace,
      async ({ during, untilMore }) => {
        await untilMore(20);
        await during('leaders ended', async () => {
          const { ends, fewestEndpoints } = await endLeaders();
          expect(fewestEndpoints).toBeGreaterThan(0);
          expect(ends).toBeGreaterThanOrEqual(leastEnds);
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
