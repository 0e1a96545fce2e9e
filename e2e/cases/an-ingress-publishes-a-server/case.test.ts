import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const ingress = { className: 'traefik', host: 'mcp.example.com', tlsSecretName: 'mcp-example-com' };

describe('an MCPServer with spec.extensions.ingress', () => {
  const namespace = useNamespace();

  const server = (extensions: object): object => kubernetesServer('search', { runtime: { replicas: 0 }, extensions });
  const published = (status: string, reason: string) => ({ type: 'IngressPublished', status, reason });
  /** As an ingress controller does. */
  const answer = async (loadBalancer: object): Promise<void> => {
    const to = ['ingress', 'search', '--namespace', namespace, '--subresource=status', '--type=merge'];
    await kubectlOk(['patch', ...to, '--patch', JSON.stringify({ status: { loadBalancer } })]);
  };

  it('has an Ingress, and waits for a controller to take it', async () => {
    await apply(namespace, server({ ingress }));
    const found = await untilCondition(namespace, 'search', published('False', 'IngressPending'));
    expect(found.status?.address?.url).toContain(`search.${namespace}.svc.`);
    const made = await get(namespace, 'ingresses', 'search');
    expect(made?.spec).toMatchObject({
      ingressClassName: 'traefik',
      tls: [{ hosts: ['mcp.example.com'], secretName: 'mcp-example-com' }],
      rules: [
        {
          host: 'mcp.example.com',
          http: {
            paths: [
              { path: '/mcp', pathType: 'Prefix', backend: { service: { name: 'search', port: { number: 8080 } } } },
              { path: '/.well-known/oauth-protected-resource/mcp', pathType: 'Prefix' },
            ],
          },
        },
      ],
    });
  });

  it('has the public address when one has, and both say which is which', async () => {
    await answer({ ingress: [{ ip: '192.0.2.1' }] });
    const { status } = await untilCondition(namespace, 'search', published('True', 'Published'));
    expect(status?.address?.url).toBe('https://mcp.example.com/mcp');
    expect(status?.['extensions']).toMatchObject({ clusterURL: expect.stringContaining(`search.${namespace}.svc.`) });
  });

  it('gets back what somebody changed, and loses its address with the controller', async () => {
    const paths = { rules: [{ host: 'bank.example.com' }] };
    await kubectlOk([
      ...['patch', 'ingress', 'search', '--namespace', namespace, '--type=merge'],
      ...['--patch', JSON.stringify({ spec: paths })],
    ]);
    await eventually('its host again', async () => {
      const found = await get(namespace, 'ingresses', 'search');
      return JSON.stringify(found?.spec?.['rules']).includes('mcp.example.com');
    });
    await answer({ ingress: null });
    const { status } = await untilCondition(namespace, 'search', published('False', 'IngressPending'));
    expect(status?.address?.url).toContain(`search.${namespace}.svc.`);
  });

  it('loses its Ingress when it does not ask any more', async () => {
    await apply(namespace, server({}));
    const isGone = async (): Promise<boolean> => (await get(namespace, 'ingresses', 'search')) === undefined;
    await eventually('the Ingress is gone', isGone);
    await eventually('nothing is said of it any more', async () => {
      const found = await get(namespace, 'mcpservers', 'search');
      return found !== undefined && conditionOf(found, 'IngressPublished') === undefined;
    });
  });
});
