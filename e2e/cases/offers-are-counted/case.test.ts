import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, type KubeObject } from '../../harness/kubectl.ts';
import { everythingServer, untilCondition, untilObserved } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('a verified server that lists tools, resources and prompts', () => {
  const namespace = useNamespace();
  const someNumber = expect.any(Number);
  const verdicts = (server: KubeObject | undefined): readonly string[] =>
    (server?.status?.conditions ?? []).map(({ type, status }) => `${type}=${status}`);

  it('has their numbers in status', async () => {
    await apply(namespace, everythingServer('search'));
    const server = await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    const counts = { toolCount: someNumber, resourceCount: someNumber, promptCount: someNumber };
    expect(server.status?.['extensions']).toMatchObject({ verification: counts });
  });

  it('has the digest of its tools, and what they say of their danger', async () => {
    const server = await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    expect(server.status?.['extensions']).toMatchObject({
      tools: {
        digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        changedAt: expect.any(String),
        list: expect.arrayContaining([expect.objectContaining({ name: 'echo', readOnly: true })]),
      },
    });
  });

  it('is verified by another period without a new pod and without another answer', async () => {
    // Verified is told before the Deployment says that its rollout is complete.
    const before = await eventually('nothing is under way', async () => {
      const server = await get(namespace, 'mcpservers', 'search');
      return conditionOf(server, 'Reconciling') === undefined ? server : undefined;
    });
    const deployment = await get(namespace, 'deployments', 'search');
    await apply(namespace, everythingServer('search', { extensions: { verification: { periodSeconds: 5 } } }));
    const server = await untilObserved(namespace, 'search');
    expect(server.metadata.generation).toBe((before.metadata.generation ?? 0) + 1);
    expect(server.status?.['serverInfo']).toEqual(before.status?.['serverInfo']);
    expect(verdicts(server)).toEqual(verdicts(before));
    const after = await get(namespace, 'deployments', 'search');
    expect(after?.metadata.generation).toBe(deployment?.metadata.generation);
  });
});
