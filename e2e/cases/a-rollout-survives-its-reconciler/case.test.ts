/**
 * @alone it kills reconcilers, and takes all of them away.
 * @slow three leaders, each when the Lease of the last one has run out.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { whileCalling, type Calls } from '../../harness/client-loop.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, list } from '../../harness/kubectl.ts';
import { killReconciler, renewPods, untilComplete, untilLeader } from '../../harness/leader.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { startNodePods } from '../../harness/node-pod.ts';
import { untilNoReplica } from '../../harness/replicas.ts';
import { generationOf, rolloutOf, untilPhase, untilPodsAre, untilRolledOut } from '../../harness/rollouts.ts';

const version = (number: number, kind = 'good'): object =>
  oddServer('search', kind, {
    config: { port: 8080, arguments: ['8080', kind], env: [{ name: 'VERSION', value: String(number) }] },
    runtime: { replicas: 2 },
    mcp: { stateless: true },
  });

describe('a rollout whose reconciler dies', () => {
  const namespace = useNamespace();
  let replicas = 2;

  const calling = (work: () => Promise<unknown>): Promise<Calls> =>
    whileCalling({ namespace, pod: 'client', url: `http://search.${namespace}.svc:8080/mcp` }, work);
  const versions = async (): Promise<readonly string[]> =>
    (await list({ namespace }, 'pods', 'mcp-server=search')).map(
      ({ spec }) => /"name":"VERSION","value":"(\d)"/.exec(JSON.stringify(spec))?.[1] ?? '',
    );
  /** Ends the leader as soon as status has this phase, and waits for the next one. */
  const killIn = async (phase: string): Promise<void> => {
    const leader = await untilLeader();
    await untilPhase(namespace, 'search', phase);
    await killReconciler(leader.pod);
    await untilLeader({ otherThan: leader });
  };
  const scaleOurselves = (to: number): Promise<string> =>
    kubectlOk(['scale', `deployment/${release.name}`, `--replicas=${to}`, '--namespace', release.namespace]);

  beforeAll(async () => {
    await untilComplete();
    replicas = Number((await get(release.namespace, 'deployments', release.name))?.spec?.['replicas']);
    await Promise.all([startNodePods(namespace, [{ name: 'client' }]), apply(namespace, version(1))]);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });
  afterAll(async () => {
    await scaleOurselves(replicas);
    await renewPods();
  });

  it('goes on where it was, killed while it proves and while it rolls; no call is lost', async () => {
    const { failures } = await calling(async () => {
      const applied = apply(namespace, version(2));
      await killIn('Proving');
      await applied;
      await killIn('Rolling');
      await untilRolledOut(namespace, 'search');
      await untilPodsAre(namespace, 'search', 2);
    });
    expect(failures).toEqual([]);
    expect(await versions()).toEqual(['2', '2']);
  });

  it('rejects a version that does not speak MCP all the same, and touches nothing that serves', async () => {
    const before = await generationOf(namespace, 'search');
    const { failures } = await calling(async () => {
      await apply(namespace, version(3, 'redirects'));
      await killIn('Proving');
      await untilPhase(namespace, 'search', 'Rejected');
    });
    expect(failures).toEqual([]);
    expect(await generationOf(namespace, 'search')).toBe(before);
    expect(await versions()).toEqual(['2', '2']);
  });

  it('stands still without any reconciler, and what serves is kept up by Kubernetes alone', async () => {
    await untilComplete();
    const before = await generationOf(namespace, 'search');
    const { failures } = await calling(async () => {
      await apply(namespace, version(4));
      await untilPhase(namespace, 'search', 'Proving');
      await scaleOurselves(0);
      await untilNoReplica();
      const held = rolloutOf(await get(namespace, 'mcpservers', 'search'))?.phase;
      // On a fast machine it is rolling already; then Kubernetes alone finishes that.
      if (held === 'Proving') expect(await generationOf(namespace, 'search')).toBe(before);
      const [pod] = await list({ namespace }, 'pods', 'mcp-server=search');
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod?.metadata.name, namespace } };
      const path = `/api/v1/namespaces/${namespace}/pods/${pod?.metadata.name ?? ''}/eviction`;
      await kubectlOk(['create', '--raw', path, '--filename', '-'], eviction);
      await eventually('another pod is there in its place', async () => {
        const pods = await list({ namespace }, 'pods', 'mcp-server=search');
        const ready = pods.filter((one) => conditionOf(one, 'Ready')?.status === 'True');
        return pods.every(({ metadata }) => metadata.uid !== pod?.metadata.uid) && ready.length >= 2;
      });
      await scaleOurselves(replicas);
      await untilComplete();
      await untilRolledOut(namespace, 'search');
      await untilPodsAre(namespace, 'search', 2);
    });
    expect(failures).toEqual([]);
    expect(await versions()).toEqual(['4', '4']);
  });
});
