import { beforeAll, describe, expect, it } from '@jest/globals';
import { whileCalling } from '../../harness/client-loop.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, list } from '../../harness/kubectl.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { startNodePods } from '../../harness/node-pod.ts';
import { generationOf, rolloutOf, untilPhase, untilPodsAre, untilRolledOut } from '../../harness/rollouts.ts';

const quota = (pods: number): object => ({
  ...{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'exact' } },
  spec: { hard: { pods: String(pods) } },
});

/** Admission counts by what the quota's controller has noted. */
async function applyQuota(namespace: string, pods: number): Promise<void> {
  await apply(namespace, quota(pods));
  await eventually(`the quota is ${pods} pods`, async () => {
    const { hard } = ((await get(namespace, 'resourcequotas', 'exact'))?.status ?? {}) as { hard?: { pods?: string } };
    return hard?.pods === String(pods);
  });
}

describe('a rollout under a quota of exactly the pods that run', () => {
  const namespace = useNamespace();

  beforeAll(async () => {
    await startNodePods(namespace, [{ name: 'client' }]);
    await apply(namespace, oddServer('search', 'good'));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    await applyQuota(namespace, 2);
  });

  it('is blocked and says what to do, while what serves loses no call; and goes on when there is room', async () => {
    const before = await generationOf(namespace, 'search');
    const { failures } = await whileCalling(
      { namespace, pod: 'client', url: `http://search.${namespace}.svc:8080/mcp` },
      async () => {
        const config = { port: 8080, arguments: ['8080', 'good'], env: [{ name: 'VERSION', value: '2' }] };
        await apply(namespace, oddServer('search', 'good', { config }));
        const blocked = await untilPhase(namespace, 'search', 'Blocked');
        expect(rolloutOf(blocked)).toMatchObject({
          reason: 'QuotaExceeded',
          message: expect.stringMatching(/exceeded quota: exact.*Make room/),
        });
        expect(conditionOf(blocked, 'Stalled')).toMatchObject({ status: 'True', reason: 'QuotaExceeded' });
        expect(conditionOf(blocked, 'Ready')?.status).toBe('True');
        expect(await generationOf(namespace, 'search')).toBe(before);
        await applyQuota(namespace, 3);
        // Its ReplicaSet tries again by itself, ever later.
        await untilRolledOut(namespace, 'search');
      },
    );
    expect(failures).toEqual([]);
    const { spec } = (await get(namespace, 'deployments', 'search')) ?? {};
    expect(JSON.stringify(spec)).toContain('"VERSION"');
  });

  it('needs the same room without a candidate, and none where old pods go first', async () => {
    await applyQuota(namespace, 2);
    const change = (rollout: object): Promise<string> => {
      const config = { port: 8080, arguments: ['8080', 'good'], env: [{ name: 'VERSION', value: '3' }] };
      return apply(namespace, oddServer('search', 'good', { config, extensions: { rollout } }));
    };
    await change({ verify: 'AfterSwitch' });
    const stalled = { type: 'Stalled', status: 'True', reason: 'PodsNotCreated' };
    expect(conditionOf(await untilCondition(namespace, 'search', stalled), 'Ready')?.status).toBe('True');
    await change({ strategy: 'Recreate' });
    await untilRolledOut(namespace, 'search');
    await untilPodsAre(namespace, 'search', 1);
    const pods = await list({ namespace }, 'pods', 'mcp-server=search');
    expect(pods.map(({ spec }) => JSON.stringify(spec).includes('"value":"3"'))).toEqual([true]);
  });
});
