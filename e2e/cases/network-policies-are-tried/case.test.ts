/**
 * @alone it stops what enforces NetworkPolicies in the cluster, and installs the chart with networkPolicy.probe.
 * @installs the chart with the value, and once more without it.
 * @slow whether a policy is enforced is waited for for 30 s where it is not; two installations.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../../../scripts/cluster/command.ts';
import { release } from '../../../scripts/quickstart/install.ts';
import { installChart } from '../../harness/chart.ts';
import { pidOf } from '../../harness/components.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk } from '../../harness/kubectl.ts';
import { killLeader, scrapeReconciler, untilComplete, untilLeader } from '../../harness/leader.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { withoutFarewells } from '../../harness/replicas.ts';

const system = release.namespace;
const name = `${release.name}-network-probe`;

describe('whether NetworkPolicies are enforced', () => {
  const namespace = useNamespace();
  let enforcer = 0;

  const found = async (): Promise<Readonly<Record<string, unknown>>> => {
    const configMap = (await get(system, 'configmaps', name)) as
      { readonly data?: Record<string, unknown> } | undefined;
    return configMap?.data ?? {};
  };
  const untilFound = (outcome: string): Promise<unknown> =>
    eventually(`it is found out: ${outcome}`, async () => (await found())['outcome'] === outcome, { describe: found });
  const traces = async (): Promise<readonly string[]> => {
    const kinds = ['pods', 'networkpolicies'] as const;
    const left = await Promise.all(
      kinds.map(async (kind) => ((await get(system, kind, name)) === undefined ? [] : kind)),
    );
    return left.flat();
  };
  const untilNothingIsLeft = (): Promise<unknown> =>
    eventually('pod and policy are gone', async () => (await traces()).length === 0, { describe: traces });
  const told = async (): Promise<string> => {
    const server = await get(namespace, 'mcpservers.mcp.x-k8s.io', 'closed');
    return conditionOf(server, 'Accepted')?.message ?? '';
  };
  const toldByDoctor = async (): Promise<string> =>
    (await runCommand([process.execPath, 'webhooks/main.ts', 'doctor'])).stdout;

  beforeAll(async () => {
    enforcer = await pidOf('network-policy');
    await withoutFarewells(async () => {
      await installChart({ args: ['--set', 'networkPolicy.probe=true'] });
      await untilComplete();
    });
    await apply(namespace, kubernetesServer('closed', { extensions: { network: { posture: 'Restricted' } } }));
    await apply(namespace, kubernetesServer('usual', { runtime: { replicas: 0 } }));
  });

  afterAll(() => {
    process.kill(enforcer, 'SIGCONT');
  });

  it('is found out after an installation, and nothing of that stays', async () => {
    await untilFound('Enforced');
    await untilNothingIsLeft();
    await untilCondition(namespace, 'closed', { type: 'Verified', status: 'True' });
    expect(await told()).toBe('Configuration is valid');
    expect(await toldByDoctor()).toMatch(/^ok +NetworkPolicies are enforced/m);
  });

  it('is not asked again by the next leader', async () => {
    const before = await found();
    const leader = await killLeader(await untilLeader());
    await eventually('it has looked', async () =>
      (await scrapeReconciler(leader.pod)).includes('mcp_lifecycle_network_policies_info{outcome="Enforced"'),
    );
    expect(await traces()).toEqual([]);
    expect(await found()).toEqual(before);
  });

  it('is told everywhere where nothing does', async () => {
    process.kill(enforcer, 'SIGSTOP');
    const ofAnotherRelease = JSON.stringify({ data: { release: '0' } });
    await kubectlOk(['patch', 'configmap', name, '--namespace', system, '--type=merge', '--patch', ofAnotherRelease]);
    const { pod } = await killLeader(await untilLeader());
    await untilFound('NotEnforced');
    await untilNothingIsLeft();
    await eventually('who relies on it is told', async () => (await told()).includes('may keep nobody out'));
    expect(conditionOf(await get(namespace, 'mcpservers.mcp.x-k8s.io', 'closed'), 'Ready')?.status).toBe('True');
    const usual = await get(namespace, 'mcpservers.mcp.x-k8s.io', 'usual');
    expect(conditionOf(usual, 'Accepted')?.message).toBe('Configuration is valid');
    expect(await scrapeReconciler(pod)).toContain('mcp_lifecycle_network_policies_info{outcome="NotEnforced"');
    expect(await toldByDoctor()).toMatch(/^warning +Nothing enforces NetworkPolicies: /m);
    process.kill(enforcer, 'SIGCONT');
  });

  it('is told by nobody where the value is switched off, in the middle of an attempt, which leaves nothing', async () => {
    const ofAnotherRelease = JSON.stringify({ data: { release: '0' } });
    await kubectlOk(['patch', 'configmap', name, '--namespace', system, '--type=merge', '--patch', ofAnotherRelease]);
    await killLeader(await untilLeader());
    await eventually('it is asked once more', async () => (await traces()).includes('pods'));
    await withoutFarewells(async () => {
      await installChart();
      await untilComplete();
    });
    await untilNothingIsLeft();
    expect(await get(system, 'configmaps', name)).toBeUndefined();
    await eventually('nothing is said of it', async () => (await told()) === 'Configuration is valid');
    expect(await toldByDoctor()).not.toContain('NetworkPolicies');
  });
});
