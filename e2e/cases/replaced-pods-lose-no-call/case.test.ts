/** @slow four rollouts, each with the five seconds in which a pod that goes still serves. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { whileCalling } from '../../harness/client-loop.ts';
import type { Calls } from '../../harness/client-loop.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, list } from '../../harness/kubectl.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { startNodePods } from '../../harness/node-pod.ts';

describe('a client that calls all the time', () => {
  const namespace = useNamespace();

  beforeAll(async () => {
    await Promise.all([startNodePods(namespace, [{ name: 'client' }]), apply(namespace, oddServer('search', 'good'))]);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });

  const calling = (work: () => Promise<unknown>): Promise<Calls> =>
    whileCalling({ namespace, pod: 'client', url: `http://search.${namespace}.svc:8080/mcp` }, work);

  const isDone = async (): Promise<boolean> => {
    const server = await get(namespace, 'mcpservers', 'search');
    return conditionOf(server, 'Verified')?.observedGeneration === server?.metadata.generation;
  };
  const untilDone = (): Promise<unknown> => eventually('Verified speaks of the newest generation', isDone);
  const untilOldPodsAreGone = (): Promise<unknown> =>
    eventually('one pod is left', async () => (await list({ namespace }, 'pods', 'mcp-server=search')).length === 1);

  it('loses none while the only pod is replaced by a new version', async () => {
    const { answered, failures } = await calling(async () => {
      const config = { port: 8080, arguments: ['8080', 'good'], env: [{ name: 'VERSION', value: '2' }] };
      await apply(namespace, oddServer('search', 'good', { config }));
      await untilDone();
      await untilOldPodsAreGone();
    });
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(20);
  });

  it('loses none while a restart is asked for by hand', async () => {
    const { failures } = await calling(async () => {
      await kubectlOk(['rollout', 'restart', 'deployment/search', '--namespace', namespace]);
      await kubectlOk(['rollout', 'status', 'deployment/search', '--namespace', namespace, '--timeout=300s']);
      await untilOldPodsAreGone();
    });
    expect(failures).toEqual([]);
  });

  it('loses none while a version does not start, nor when that is taken back', async () => {
    const { failures } = await calling(async () => {
      await apply(namespace, oddServer('search', 'good', { config: { port: 8080, arguments: ['no-port'] } }));
      await untilCondition(namespace, 'search', { type: 'Stalled', status: 'True' });
      await apply(namespace, oddServer('search', 'good'));
      await untilDone();
    });
    expect(failures).toEqual([]);
  });
});
