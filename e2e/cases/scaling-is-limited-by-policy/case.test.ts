/**
 * @alone it installs the chart with a policy.
 * @installs the chart with a policy to begin with.
 * @slow the pods are replaced when the policy comes, and when it goes.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { whileScalingIsNotAsked } from '../../harness/bypass.ts';
import { installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectl, type KubectlResult } from '../../harness/kubectl.ts';
import { untilComplete } from '../../harness/leader.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('a policy that limits replicas', () => {
  const namespace = useNamespace();

  const scale = (replicas: number, ...more: readonly string[]): Promise<KubectlResult> =>
    kubectl(['scale', 'mcpserver', 'search', `--replicas=${replicas}`, '--namespace', namespace, ...more]);
  const built = async (): Promise<unknown> => (await get(namespace, 'deployments', 'search'))?.spec?.['replicas'];
  const untilBuilt = (replicas: number): Promise<unknown> =>
    eventually(`${replicas} replicas are built`, async () => (await built()) === replicas);

  beforeAll(async () => {
    // Whatever the case before has written into its policy by hand.
    await installChart({ args: ['--force-conflicts', '--set', 'policy.rules.max-replicas.parameters.max=2'] });
    await untilComplete();
    await apply(namespace, kubernetesServer('search'));
    await untilCondition(namespace, 'search', { type: 'Accepted', status: 'True' });
  });

  it('refuses a manifest that wants more', async () => {
    const manifest = kubernetesServer('more', { runtime: { replicas: 3 } });
    const { code, stderr } = await kubectl(
      ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'],
      manifest,
    );
    expect(code).not.toBe(0);
    expect(stderr).toContain('[max-replicas]');
  });

  it('refuses `kubectl scale` beyond it, and nothing within it', async () => {
    await eventually('the webhook is asked', async () => (await scale(3, '--dry-run=server')).code !== 0);
    const { code, stderr } = await scale(3);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/spec\.runtime\.replicas: .*Use at most 2.* \[max-replicas\]/);
    expect((await scale(2)).code).toBe(0);
    await untilBuilt(2);
  });

  it('builds nothing beyond it when scaling got past the webhook, and status says why, until it is within it again', async () => {
    const isRefused = async (): Promise<boolean> => (await scale(4, '--dry-run=server')).code !== 0;
    await whileScalingIsNotAsked(isRefused, async () => {
      expect((await scale(3)).code).toBe(0);
    });
    const found = await untilCondition(namespace, 'search', { type: 'Accepted', status: 'False' });
    expect(conditionOf(found, 'Accepted')?.message).toMatch(
      /spec\.runtime\.replicas: .* \[max-replicas\]; nothing is rolled out/,
    );
    expect(found.spec).toMatchObject({ runtime: { replicas: 3 } });
    expect(await built()).toBe(2);
    expect((await scale(1)).code).toBe(0);
    await untilCondition(namespace, 'search', { type: 'Accepted', status: 'True' });
    await untilBuilt(1);
  });
});
