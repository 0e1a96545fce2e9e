import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, type KubeObject } from '../../harness/kubectl.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

interface Extensions {
  readonly rollout?: { readonly phase?: string; readonly reason?: string; readonly message?: string };
  readonly tools?: { readonly digest?: string };
}

describe('a release that has lost a tool', () => {
  const namespace = useNamespace();
  let generation: number | undefined;

  const extensionsOf = (server: KubeObject | undefined): Extensions => server?.status?.['extensions'] ?? {};
  const deploymentGeneration = async (): Promise<number | undefined> =>
    (await get(namespace, 'deployments', 'search'))?.metadata.generation;

  beforeAll(async () => {
    await apply(namespace, oddServer('search', 'good'));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    generation = await deploymentGeneration();
  });

  it('is held back: it is said which, and what serves is not touched', async () => {
    await apply(namespace, oddServer('search', 'offers-nothing'));
    const server = await eventually(
      'the release is rejected',
      async () => {
        const read = await get(namespace, 'mcpservers', 'search');
        return extensionsOf(read).rollout?.phase === 'Rejected' ? read : undefined;
      },
      { describe: async () => (await get(namespace, 'mcpservers', 'search'))?.status },
    );
    expect(extensionsOf(server).rollout).toMatchObject({
      reason: 'ToolContractChanged',
      message: expect.stringMatching(/accept-tool-contract to sha256:[0-9a-f]{64}: echo is gone/),
    });
    expect(conditionOf(server, 'Verified')).toMatchObject({ status: 'True', observedGeneration: 1 });
    expect(await deploymentGeneration()).toBe(generation);
  });

  it('rolls out when its very tools are accepted', async () => {
    const { message = '' } = extensionsOf(await get(namespace, 'mcpservers', 'search')).rollout ?? {};
    const [digest = ''] = /sha256:[0-9a-f]{64}/.exec(message) ?? [];
    const annotation = `mcp-lifecycle/accept-tool-contract=${digest}`;
    await kubectlOk(['annotate', 'mcpserver', 'search', '--namespace', namespace, annotation]);
    const server = await eventually('the new version serves', async () => {
      const read = await get(namespace, 'mcpservers', 'search');
      const { status, observedGeneration } = conditionOf(read, 'Verified') ?? {};
      return status === 'True' && observedGeneration === 2 ? read : undefined;
    });
    // Though the Service may still lead to the old pod, whose tools are others.
    expect(extensionsOf(server).tools?.digest).toBe(digest);
    expect(await deploymentGeneration()).toBeGreaterThan(generation ?? 0);
  });
});
