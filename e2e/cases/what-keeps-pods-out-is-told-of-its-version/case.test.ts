import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get } from '../../harness/kubectl.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('a server whose pods cannot be created, and whose correction waits for something else', () => {
  const namespace = useNamespace();

  it('is not said to fail of what was corrected, although its former ReplicaSet goes on trying', async () => {
    await apply(
      namespace,
      oddServer('search', 'good', { extensions: { scheduling: { priorityClassName: 'nosuch' } } }),
    );
    const first = await untilCondition(namespace, 'search', {
      ...{ type: 'Stalled', status: 'True', reason: 'PodsNotCreated' },
    });
    expect(conditionOf(first, 'Stalled')?.message).toContain('nosuch');
    await apply(
      namespace,
      oddServer('search', 'good', { extensions: { storage: [{ claimName: 'later', path: '/data' }] } }),
    );
    const said = new Set<string>();
    await eventually('the new cause is told', async () => {
      const { status, metadata } = (await get(namespace, 'mcpservers', 'search')) ?? {};
      const { conditions = [] } = status ?? {};
      if (status?.['observedGeneration'] !== metadata?.generation) return false;
      for (const { message } of conditions) said.add(message);
      return [...said].some((message) => message.includes('"later" not found'));
    });
    const failure = JSON.stringify((await get(namespace, 'deployments', 'search'))?.status);
    expect(failure).toContain('nosuch');
    expect([...said].filter((message) => message.includes('nosuch'))).toEqual([]);
  });
});
