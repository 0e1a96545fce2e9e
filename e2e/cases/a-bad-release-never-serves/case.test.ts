/** @slow releases that are broken, each until its candidate is given up, and one that is not. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { whileCalling } from '../../harness/client-loop.ts';
import type { Calls } from '../../harness/client-loop.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, list, type KubeObject } from '../../harness/kubectl.ts';
import { imageOf, oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { startNodePods } from '../../harness/node-pod.ts';
import { rolloutOf, untilPhase } from '../../harness/rollouts.ts';

describe('a release that is broken, of a server that is called all the time', () => {
  const namespace = useNamespace();
  /** Of the Deployment that serves: another one would say that somebody has written into its spec. */
  let generation: number | undefined;
  let servingPods: readonly string[];

  const pods = async (): Promise<readonly string[]> =>
    (await list({ namespace }, 'pods', 'mcp-server=search')).map(({ metadata }) => metadata.name);
  const deployment = (name = 'search'): Promise<KubeObject | undefined> => get(namespace, 'deployments', name);

  beforeAll(async () => {
    await Promise.all([startNodePods(namespace, [{ name: 'client' }]), apply(namespace, oddServer('search', 'good'))]);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    generation = (await deployment())?.metadata.generation;
    servingPods = await pods();
  });

  const calling = (work: () => Promise<unknown>, port = 8080): Promise<Calls> =>
    whileCalling({ namespace, pod: 'client', url: `http://search.${namespace}.svc:${port}/mcp` }, work);

  const untilRejected = (reason: string): Promise<KubeObject> => untilPhase(namespace, 'search', 'Rejected', reason);

  /** Lets a pod stay in the API when it has ended, as one does that takes long to. */
  const keep = (pod: string, isKept: boolean): Promise<string> => {
    const patch = { metadata: { finalizers: isKept ? ['e2e.mcp-lifecycle/kept'] : null } };
    return kubectlOk(['patch', 'pod', pod, '--namespace', namespace, '--type', 'merge', '-p', JSON.stringify(patch)]);
  };
  const expectUntouched = async (): Promise<void> => {
    expect((await deployment())?.metadata.generation).toBe(generation);
    expect(await pods()).toEqual(servingPods);
    await eventually('the candidate is gone', async () => (await deployment('search-candidate')) === undefined);
  };

  it('because its image does not exist, never serves: no call is lost, and what serves is not touched', async () => {
    const { answered, failures } = await calling(async () => {
      const source = { type: 'ContainerImage', containerImage: { ref: `${imageOf('odd-mcp-server')}-missing` } };
      await apply(namespace, oddServer('search', 'good', { source }));
      await untilCondition(namespace, 'search', { type: 'Stalled', status: 'True', reason: 'PodsFailing' });
      // Not before its node has said why: on a busy machine that is later than a short deadline.
      await apply(namespace, oddServer('search', 'good', { source, extensions: { rollout: { deadlineSeconds: 10 } } }));
      const server = await untilRejected('CandidateNotReady');
      expect(conditionOf(server, 'Stalled')?.message).toContain('-missing');
      for (const type of ['Ready', 'Verified'])
        expect(conditionOf(server, type)).toMatchObject({ status: 'True', observedGeneration: 1 });
    });
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(0);
    await expectUntouched();
  });

  it('because it does not speak MCP, never serves either, at another port neither', async () => {
    const { failures } = await calling(async () => {
      await apply(
        namespace,
        oddServer('search', 'redirects', { config: { port: 9090, arguments: ['9090', 'redirects'] } }),
      );
      await untilRejected('CandidateNotVerified');
    });
    expect(failures).toEqual([]);
    await expectUntouched();
    const server = await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    expect(server.status?.['address']).toEqual({ url: `http://search.${namespace}.svc.cluster.local:8080/mcp` });
  });

  it('is followed by one that is not: proven, then rolled out, and the former port answers until the last old pod has gone', async () => {
    const before = await get(namespace, 'networkpolicies', 'search');
    expect(JSON.stringify(before?.['spec'])).toContain('8080');
    const [old = ''] = servingPods;
    await keep(old, true);
    try {
      const { failures } = await calling(async () => {
        await apply(namespace, oddServer('search', 'good', { config: { port: 9090, arguments: ['9090', 'good'] } }));
        await eventually('the new one is verified, and the old one on its way out', async () => {
          const now = await get(namespace, 'mcpservers', 'search');
          const isOfNow = conditionOf(now, 'Verified')?.observedGeneration === now?.metadata.generation;
          const { deletionTimestamp } = (await get(namespace, 'pods', old))?.metadata ?? {};
          return isOfNow && rolloutOf(now) === undefined && deletionTimestamp !== undefined;
        });
      });
      expect(failures).toEqual([]);
      // A phase may be over before anybody has looked; that its candidate has spoken is told once, of this release alone.
      await eventually('it is told that the candidate was asked', async () => {
        const events = await list({ namespace }, 'events.events.k8s.io');
        return events.some(({ note }) => String(note).startsWith('The candidate speaks MCP'));
      });
      expect(JSON.stringify((await get(namespace, 'networkpolicies', 'search'))?.['spec'])).toContain('8080');
    } finally {
      await keep(old, false);
    }
    const server = await get(namespace, 'mcpservers', 'search');
    expect(server?.status?.['address']).toEqual({ url: `http://search.${namespace}.svc.cluster.local:9090/mcp` });
    const { answered, failures: after } = await calling(async () => {
      await kubectlOk(['rollout', 'restart', 'deployment/search', '--namespace', namespace]);
      await kubectlOk(['rollout', 'status', 'deployment/search', '--namespace', namespace, '--timeout=300s']);
    }, 9090);
    expect(after).toEqual([]);
    expect(answered).toBeGreaterThan(0);
    await eventually('the former port is closed', async () => {
      const policy = await get(namespace, 'networkpolicies', 'search');
      return !JSON.stringify(policy?.['spec']).includes('8080');
    });
  });
});
