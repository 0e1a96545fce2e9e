import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { startAdmissionLoad } from '../../harness/admission-load.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, list } from '../../harness/kubectl.ts';
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

const service = `${release.name}-webhook`;

/**
 * Long enough for ten leaders if each followed as soon as the Lease of the last one has run out: kubelets would wait longer
 * than that before they start a container again, for those of all pods at once.
 */
const dyingMs = 180_000;

/** Ends every leader as soon as it leads: what leading itself would do if it took more memory than there is. */
async function endLeaders(forMs: number): Promise<{ readonly ends: number; readonly fewestEndpoints: number }> {
  const deadline = Date.now() + forMs;
  let ended: Leader | undefined;
  let ends = 0;
  let fewestEndpoints = Infinity;
  while (Date.now() < deadline) {
    fewestEndpoints = Math.min(fewestEndpoints, await countEndpoints());
    const leader = await findLeader(ended);
    if (leader === undefined) {
      await sleep(500);
      continue;
    }
    await killReconciler(leader.pod);
    ended = leader;
    ends += 1;
  }
  return { ends, fewestEndpoints };
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
    const load = await startAdmissionLoad(namespace, 'dry runs and applies');
    const { ends, fewestEndpoints } = await endLeaders(dyingMs).catch(async (error: unknown) => {
      await load.stop();
      throw error;
    });
    const { answered, failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(1_000);
    expect(fewestEndpoints).toBeGreaterThan(0);
    expect(ends).toBeGreaterThanOrEqual(4);
  }, 240_000);

  it('the first that does not end does what was left undone', async () => {
    await apply(namespace, kubernetesServer('meanwhile', { runtime: { replicas: 0 } }));
    await untilLeader({ withinMs: 330_000 });
    await eventually('the child exists', () => get(namespace, 'deployments', 'meanwhile'));
  }, 400_000);
});
