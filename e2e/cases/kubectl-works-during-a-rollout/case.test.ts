/** @slow a version that does not start is proven for all of its 40 s, and pods are replaced meanwhile. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { whileCalling } from '../../harness/client-loop.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, list } from '../../harness/kubectl.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { startNodePods } from '../../harness/node-pod.ts';
import { rolloutOf, untilPhase, untilPodsAre, untilRolledOut } from '../../harness/rollouts.ts';

const good = { runtime: { replicas: 1 }, mcp: { stateless: true } };
const broken = {
  ...good,
  config: { port: 8080, arguments: ['no-port'] },
  extensions: { rollout: { deadlineSeconds: 40 } },
};
const budget = {
  ...{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'search' } },
  spec: { maxUnavailable: 1, selector: { matchLabels: { 'mcp-server': 'search' } } },
};

describe('while a version is proven that does not start', () => {
  const namespace = useNamespace();

  beforeAll(async () => {
    await Promise.all([
      startNodePods(namespace, [{ name: 'client' }]),
      apply(namespace, budget),
      apply(namespace, oddServer('search', 'good', good)),
    ]);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });

  it('scaling, a budget, rollout status and rollout restart mean what serves, and no call is lost', async () => {
    const inNamespace = ['--namespace', namespace];
    const { failures } = await whileCalling(
      { namespace, pod: 'client', url: `http://search.${namespace}.svc:8080/mcp` },
      async () => {
        await apply(namespace, oddServer('search', 'good', broken));
        await untilPhase(namespace, 'search', 'Proving');
        // As an autoscaler does it.
        await kubectlOk(['scale', 'mcpserver', 'search', '--replicas=2', ...inNamespace]);
        await eventually('the Deployment has two pods', async () => {
          const deployment = await get(namespace, 'deployments', 'search');
          return deployment?.status?.['readyReplicas'] === 2;
        });
        await kubectlOk(['rollout', 'status', 'deployment/search', '--timeout=300s', ...inNamespace]);
        await eventually('the budget counts what serves, and no candidate', async () => {
          const { status } = (await get(namespace, 'poddisruptionbudgets', 'search')) ?? {};
          return status?.['expectedPods'] === 2 && status['currentHealthy'] === 2;
        });
        await kubectlOk(['rollout', 'restart', 'deployment/search', ...inNamespace]);
        await kubectlOk(['rollout', 'status', 'deployment/search', '--timeout=300s', ...inNamespace]);
        await untilPhase(namespace, 'search', 'Rejected');
        await untilPodsAre(namespace, 'search', 2);
      },
    );
    expect(failures).toEqual([]);
    const server = await get(namespace, 'mcpservers', 'search');
    expect(rolloutOf(server)).toMatchObject({ reason: 'CandidateNotReady' });
    expect(conditionOf(server, 'Ready')?.status).toBe('True');
    const pods = await list({ namespace }, 'pods', 'mcp-server=search');
    expect(pods.every(({ spec }) => JSON.stringify(spec).includes('8080'))).toBe(true);
    await eventually(
      'the candidate is gone',
      async () => (await list({ namespace }, 'deployments', 'mcp-lifecycle/candidate-of=search')).length === 0,
    );
  });

  it('the change can be taken back', async () => {
    await apply(namespace, oddServer('search', 'good', good));
    await untilRolledOut(namespace, 'search');
  });
});
