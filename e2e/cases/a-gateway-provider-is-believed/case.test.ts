import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, type KubeObject } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const name = 'search-gateway-binding';
const url = 'https://mcp.example.com/search';

describe('an MCPServer with spec.gateway, whose provider is a controller of another project', () => {
  const namespace = useNamespace();

  const server = (provider?: string): object =>
    kubernetesServer('search', {
      runtime: { replicas: 0 },
      ...(provider === undefined ? {} : { gateway: { provider } }),
    });
  const bindingOf = (provider: string): Promise<KubeObject> =>
    eventually(`the binding of ${provider}`, async () => {
      const found = await get(namespace, 'mcpgatewaybindings', name);
      return found?.spec?.['provider'] === provider && found;
    });
  /** As that controller does. */
  const answer = async (binding: KubeObject, status: 'True' | 'False'): Promise<void> => {
    const { generation: observedGeneration = 1 } = binding.metadata;
    const condition = { type: 'Registered', status, reason: 'RouteNotAccepted', message: 'the host is taken' };
    const conditions = [{ ...condition, observedGeneration, lastTransitionTime: '2026-01-01T00:00:00Z' }];
    const patch = JSON.stringify({ status: { ...(status === 'True' ? { url } : {}), conditions } });
    const to = ['mcpgatewaybinding', name, '--namespace', namespace];
    await kubectlOk(['patch', ...to, '--subresource=status', '--type=merge', '--patch', patch]);
  };
  const registered = (status: string, reason: string) => ({ type: 'GatewayRegistered', status, reason });

  it('has a binding that says who is asked, and waits for the answer', async () => {
    await apply(namespace, server('example.com/edge'));
    const binding = await bindingOf('example.com/edge');
    expect(binding.spec).toEqual({ mcpServerRef: 'search', provider: 'example.com/edge' });
    const found = await untilCondition(namespace, 'search', registered('False', 'GatewayNotRegistered'));
    expect(found.status?.['gatewayBinding']).toEqual({ name, provider: 'example.com/edge' });
    expect(await kubectlOk(['get', 'mcpgatewaybindings', '--namespace', namespace])).toMatch(
      /PROVIDER +MCPSERVER +REGISTERED +AGE\n.*example\.com\/edge +search/,
    );
  });

  it('is told why not in the words of the provider, then has its address', async () => {
    await answer(await bindingOf('example.com/edge'), 'False');
    await eventually('the words of the provider', async () => {
      const found = await get(namespace, 'mcpservers', 'search');
      return found?.status?.conditions?.some(({ message }) => message.includes('the host is taken')) === true;
    });
    await answer(await bindingOf('example.com/edge'), 'True');
    const { status } = await untilCondition(namespace, 'search', registered('True', 'GatewayRegistered'));
    expect(status?.address?.url).toBe(url);
    expect(status?.['extensions']).toMatchObject({ clusterURL: expect.stringContaining(`search.${namespace}.svc.`) });
  });

  it('gets another binding with another provider, of which nothing is believed yet', async () => {
    const before = await bindingOf('example.com/edge');
    await apply(namespace, server('example.com/other'));
    const after = await bindingOf('example.com/other');
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
    const { status } = await untilCondition(namespace, 'search', registered('False', 'GatewayNotRegistered'));
    expect(status?.address?.url).toContain(`search.${namespace}.svc.`);
  });

  it('loses its binding with the gateway, and with itself', async () => {
    const isGone = async (): Promise<boolean> => (await get(namespace, 'mcpgatewaybindings', name)) === undefined;
    await apply(namespace, server());
    await eventually('the binding is gone', isGone);
    await eventually('nothing is said of it any more', async () => {
      const found = await get(namespace, 'mcpservers', 'search');
      return found !== undefined && conditionOf(found, 'GatewayRegistered') === undefined;
    });
    await apply(namespace, server('example.com/edge'));
    await bindingOf('example.com/edge');
    await kubectlOk(['delete', 'mcpserver', 'search', '--namespace', namespace]);
    await eventually('the binding is gone with its server', isGone);
  });
});
