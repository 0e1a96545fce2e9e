import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, type KubeObject } from '../../harness/kubectl.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('a version that is switched to without a candidate, of a server whose tools are pinned', () => {
  const namespace = useNamespace();
  const extensions = { toolContract: { mode: 'Pin' }, rollout: { verify: 'AfterSwitch' } };
  const rolloutOf = (server: KubeObject | undefined): { readonly phase?: string; readonly reason?: string } =>
    ((server?.status?.['extensions'] ?? {}) as { rollout?: object }).rollout ?? {};

  beforeAll(async () => {
    await apply(namespace, oddServer('search', 'good', { extensions }));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });

  it('is put back when it lists others, and what served before is Verified again', async () => {
    await apply(namespace, oddServer('search', 'offers-nothing', { extensions }));
    const server = await eventually(
      'what served before is Verified',
      async () => {
        const read = await get(namespace, 'mcpservers', 'search');
        const isVerified = conditionOf(read, 'Verified')?.status === 'True';
        return rolloutOf(read).phase === 'RolledBack' && isVerified ? read : undefined;
      },
      { describe: async () => (await get(namespace, 'mcpservers', 'search'))?.status },
    );
    expect(rolloutOf(server).reason).toBe('ToolContractChanged');
    expect(conditionOf(server, 'Verified')?.observedGeneration).toBe(1);
    await eventually('the Deployment is the one before', async () => {
      const deployment = await get(namespace, 'deployments', 'search');
      return deployment !== undefined && !JSON.stringify(deployment.spec).includes('offers-nothing');
    });
  });
});
