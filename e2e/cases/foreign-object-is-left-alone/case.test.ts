import { describe, expect, it } from '@jest/globals';
import { apply, conditionOf, get, kubectlOk } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('an object of somebody else under the name of an MCPServer', () => {
  const namespace = useNamespace();

  it.each([
    ['contradicts', { selector: { app: 'somebody-else' }, ports: [{ port: 80 }] }],
    // An apply that is not forced would be merged into this one: nobody owns a field of it with another value than ours.
    ['has no selector that contradicts', { clusterIP: 'None' }],
  ])('stays as it is when it %s ours, and the MCPServer says so', async (what, spec) => {
    const name = what === 'contradicts' ? 'search' : 'selectorless';
    const metadata = { name, labels: { owner: 'somebody-else' } };
    // Server-side, because a client-side apply owns every default of the API server too.
    const applyArgs = ['apply', '--server-side', '--namespace', namespace, '--filename', '-'];
    await kubectlOk(applyArgs, { apiVersion: 'v1', kind: 'Service', metadata, spec });
    const before = await get(namespace, 'services', name);
    await apply(namespace, kubernetesServer(name));
    const refused = { type: 'Available', status: 'False', reason: 'ServiceUnavailable' };
    const server = await untilCondition(namespace, name, refused);
    expect(conditionOf(server, 'Available')?.message).toMatch(/Service/);
    const after = await get(namespace, 'services', name);
    expect(after).toEqual(before);
    expect(after).not.toHaveProperty('metadata.ownerReferences');
  });

  it('has nothing created beside it when it is a Deployment, as that of mcp-lifecycle itself', async () => {
    const labels = { app: 'somebody-else' };
    const containers = [{ name: 'x', image: 'example.com/x:1' }];
    await kubectlOk(['apply', '--server-side', '--namespace', namespace, '--filename', '-'], {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'taken' },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    });
    await apply(namespace, kubernetesServer('taken'));
    const refused = { type: 'Available', status: 'False', reason: 'DeploymentUnavailable' };
    const server = await untilCondition(namespace, 'taken', refused);
    expect(conditionOf(server, 'Available')?.message).toContain('exists but has no controller owner');
    for (const kind of ['services', 'networkpolicies']) expect(await get(namespace, kind, 'taken')).toBeUndefined();
  });
});
