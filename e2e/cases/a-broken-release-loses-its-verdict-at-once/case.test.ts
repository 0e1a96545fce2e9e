import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk } from '../../harness/kubectl.ts';
import { oddServer } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** Nobody asks again within a case because it is time to, and nothing is asked before it serves. */
const spec = { extensions: { verification: { periodSeconds: 3_600 }, rollout: { verify: 'AfterSwitch' } } };

describe('a server that is asked once an hour', () => {
  const namespace = useNamespace();

  /** What Verified says of the newest generation; undefined while it speaks of an older one. */
  const verdict = async (): Promise<string | undefined> => {
    const server = await get(namespace, 'mcpservers', 'search');
    const { status, observedGeneration } = { observedGeneration: 0, ...conditionOf(server, 'Verified') };
    return observedGeneration === server?.metadata.generation ? status : undefined;
  };

  const release = (kind: string): Promise<string> => apply(namespace, oddServer('search', kind, spec));

  const untilRolledOut = async (kind: string): Promise<void> => {
    await eventually('the Deployment is the one of this release', async () => {
      return JSON.stringify((await get(namespace, 'deployments', 'search'))?.spec).includes(`"${kind}"`);
    });
    await kubectlOk(['rollout', 'status', 'deployment/search', '--namespace', namespace, '--timeout=300s']);
  };

  it('is not Verified when its first release does not speak MCP', async () => {
    await release('redirects');
    await untilRolledOut('redirects');
    await eventually('it is not verified', async () => (await verdict()) === 'False');
  });

  it('is with the next release, and told no failure before that for the pod that leaves', async () => {
    await release('good');
    const seen = new Set<string | undefined>();
    await eventually('it is verified again', async () => {
      const now = await verdict();
      seen.add(now);
      return now === 'True';
    });
    await untilRolledOut('good');
    expect(await verdict()).toBe('True');
    expect([...seen]).not.toContain('False');
  });

  it('loses its verdict as soon as a release has rolled out that does not speak MCP, and what served is put back', async () => {
    const before = (await get(namespace, 'mcpservers', 'search'))?.metadata.generation;
    await release('redirects');
    const server = await eventually('it is put back', async () => {
      const now = await get(namespace, 'mcpservers', 'search');
      const { rollout } = (now?.status?.['extensions'] ?? {}) as { readonly rollout?: { readonly phase: string } };
      return rollout?.phase === 'RolledBack' ? now : undefined;
    });
    expect(server.status?.['extensions']).toMatchObject({ rollout: { reason: 'NewPodsNotVerified' } });
    await untilRolledOut('good');
    await eventually('what is verified is the generation before', async () => {
      const { status, observedGeneration } =
        conditionOf(await get(namespace, 'mcpservers', 'search'), 'Verified') ?? {};
      return status === 'True' && observedGeneration === before;
    });
  });
});
