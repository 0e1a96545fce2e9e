import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { startAdmissionLoad } from '../../harness/admission-load.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, kubectlOk } from '../../harness/kubectl.ts';
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

/**
 * Long enough for five leaders if each follows as soon as the Lease of the last one has run out. By then kubelets wait
 * for the containers of all pods at once.
 */
const dyingMs = 150_000;

/** Ends every leader as soon as it leads: what leading itself would do if it took more memory than there is. */
async function endLeaders(forMs: number): Promise<number> {
  const deadline = Date.now() + forMs;
  let ended: Leader | undefined;
  let count = 0;
  while (Date.now() < deadline) {
    const leader = await findLeader(ended);
    if (leader === undefined) {
      await sleep(500);
      continue;
    }
    await killReconciler(leader.pod);
    ended = leader;
    count += 1;
  }
  return count;
}

describe('while every reconciler ends as soon as it leads', () => {
  const namespace = useNamespace();

  beforeAll(untilComplete);
  afterAll(renewPods);

  it('no create and no update fails', async () => {
    const load = await startAdmissionLoad(namespace, 'dry runs and applies');
    const ends = await endLeaders(dyingMs).catch(async (error: unknown) => {
      await load.stop();
      throw error;
    });
    const { answered, failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(1_000);
    expect(ends).toBe(3);
  }, 240_000);

  it('nobody leads for a while, and says why', async () => {
    await apply(namespace, kubernetesServer('meanwhile', { runtime: { replicas: 0 } }));
    expect(await get(namespace, 'deployments', 'meanwhile')).toBeUndefined();
    const log = await kubectlOk([
      ...['logs', '--namespace', release.namespace, '--selector', `app.kubernetes.io/name=${release.name}`],
      ...['--container', 'reconciler', '--tail=-1'],
    ]);
    expect(log).toContain('leaders ended one after another');
  });

  it('pods of another revision lead at once, and do what was left undone', async () => {
    const before = Date.now();
    await renewPods();
    await untilLeader();
    await eventually('the child exists', () => get(namespace, 'deployments', 'meanwhile'));
    expect(Date.now() - before).toBeLessThan(120_000);
  }, 180_000);
});
