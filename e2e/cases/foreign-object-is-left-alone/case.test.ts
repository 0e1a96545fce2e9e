import { describe, expect, it } from '@jest/globals';
import { apply, conditionOf, get } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('an object of somebody else under the name of an MCPServer', () => {
  const namespace = useNamespace();

  it('stays as it is, and the MCPServer says so', async () => {
    await apply(namespace, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'search', labels: { owner: 'somebody-else' } },
      spec: { selector: { app: 'somebody-else' }, ports: [{ port: 80 }] },
    });
    const before = await get(namespace, 'services', 'search');
    await apply(namespace, kubernetesServer('search'));
    const server = await untilCondition(namespace, 'search', { type: 'Available', status: 'False' });
    expect(conditionOf(server, 'Available')).toMatchObject({ reason: 'ServiceUnavailable' });
    expect(conditionOf(server, 'Available')?.message).toMatch(/Service/);
    expect(await get(namespace, 'services', 'search')).toEqual(before);
  });
});
