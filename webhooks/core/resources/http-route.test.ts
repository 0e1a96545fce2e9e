import { describe, expect, it } from '@jest/globals';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import type { GatewaySettings } from '../mcpserver/gateway.ts';
import { httpRoute } from './http-route.ts';
import { mcpGatewayBinding } from './mcp-gateway-binding.ts';
import { readBinding } from './registration.ts';

const settings = (more: Readonly<Record<string, string>> = {}): GatewaySettings =>
  new Map(Object.entries({ 'gateway-name': 'public', 'gateway-namespace': 'gateways', ...more }));
const routed = (spec: object = {}): ReturnType<typeof anMCPServer> =>
  anMCPServer(withRawSpec({ gateway: { provider: 'httproute', configRef: 'edge' }, ...spec }));

describe('the HTTPRoute of a server', () => {
  it('leads from the Gateway of the ConfigMap to the Service, and a stream is not cut', () => {
    const [route] = httpRoute.build({ server: routed(), gateway: settings({ 'route-hostname': 'MCP.example.com' }) });
    expect(route).toMatchObject({
      metadata: { name: 'search-gateway-binding' },
      spec: {
        parentRefs: [{ name: 'public', namespace: 'gateways' }],
        hostnames: ['mcp.example.com'],
        rules: [{ backendRefs: [{ name: 'search', port: 8080, weight: 1 }], timeouts: { request: '0s' } }, {}],
      },
    });
  });

  const below = (...values: readonly string[]): readonly object[] =>
    values.map((value) => ({ path: { type: 'PathPrefix', value } }));
  /** Below it is what other servers of the host say of themselves. */
  const bare = { path: { type: 'Exact', value: '/.well-known/oauth-protected-resource' } };

  it.each<[path: string, rules: readonly (readonly object[])[]]>([
    ['/mcp', [below('/mcp', '/.well-known/oauth-protected-resource/mcp'), [bare]]],
    ['/team/mcp/', [below('/team/mcp/', '/.well-known/oauth-protected-resource/team/mcp'), [bare]]],
    ['/', [below('/')]],
  ])('takes %s, and what says who protects it, but nothing of others on its host', (path, rules) => {
    const [route] = httpRoute.build({ server: routed({ config: { port: 8080, path } }), gateway: settings() });
    const backendRefs = [{ name: 'search', port: 8080, weight: 1 }];
    const timeouts = { request: '0s' };
    expect(route?.['spec']).toMatchObject({ rules: rules.map((matches) => ({ matches, backendRefs, timeouts })) });
    expect(route?.['spec']).not.toHaveProperty('hostnames');
  });

  it('has one rule at the MCP gateway of Kuadrant, which takes no other route', () => {
    const server = routed({ gateway: { provider: 'kuadrant', configRef: 'edge' } });
    const [route] = httpRoute.build({ server, gateway: settings() });
    const matches = [...below('/mcp', '/.well-known/oauth-protected-resource/mcp'), bare];
    expect(route?.['spec']).toMatchObject({ rules: [{ matches }] });
  });

  it('leads to what serves while its successor is proven, and takes the paths of both while that replaces it', () => {
    const server = routed({ config: { port: 9090, path: '/v2' } });
    const served = { url: 'http://search.mcp.svc.cluster.local:8080/mcp', port: 8080, path: '/mcp' };
    const built = (servesAlone: boolean): unknown =>
      httpRoute.build({ server, gateway: settings(), served, servesAlone })[0]?.['spec'];
    const metadata = '/.well-known/oauth-protected-resource';
    const backendRefs = [{ name: 'search', port: 8080, weight: 1 }];
    expect(built(true)).toMatchObject({
      rules: [
        { matches: below('/mcp', `${metadata}/mcp`), backendRefs },
        { matches: [bare], backendRefs },
      ],
    });
    expect(built(false)).toMatchObject({
      rules: [
        { matches: below('/mcp', `${metadata}/mcp`, '/v2', `${metadata}/v2`), backendRefs },
        { matches: [bare], backendRefs },
      ],
    });
  });

  it('is undecided without settings, and unwanted where another provider is named', () => {
    expect(httpRoute.isUndecided?.({ server: routed() })).toBe(true);
    expect(httpRoute.isUndecided?.({ server: routed(), gateway: settings({ 'gateway-name': ' ' }) })).toBe(true);
    const malformed = { server: routed(), gateway: settings({ 'gateway-namespace': '../kube-system' }) };
    expect([httpRoute.isUndecided?.(malformed), httpRoute.build(malformed)]).toEqual([true, []]);
    expect(httpRoute.isUndecided?.({ server: routed(), gateway: settings() })).toBe(false);
    const other = anMCPServer(withRawSpec({ gateway: { provider: 'example.com/edge' } }));
    expect(httpRoute.isUndecided?.({ server: other })).toBe(false);
    expect(httpRoute.build({ server: other, gateway: settings() })).toEqual([]);
  });
});

describe('the MCPGatewayBinding of a server', () => {
  it('says what the reference operator says in it', () => {
    expect(mcpGatewayBinding.build({ server: routed() })).toMatchObject([
      {
        apiVersion: 'mcp.x-k8s.io/v1alpha1',
        metadata: { name: 'search-gateway-binding' },
        spec: { mcpServerRef: 'search', provider: 'httproute', configRef: 'edge' },
      },
    ]);
  });

  it('is another one for another provider, and the same for another ConfigMap', () => {
    const [wanted] = mcpGatewayBinding.build({ server: routed() });
    if (wanted === undefined) throw new Error('none is wanted');
    const found = (provider: string) => ({ provider, answer: { state: 'none' as const } });
    expect(mcpGatewayBinding.isAnother?.(wanted, found('kuadrant'))).toBe(true);
    expect(mcpGatewayBinding.isAnother?.(wanted, found('httproute'))).toBe(false);
  });

  it('is not replaced again and again where the name of its provider is no name', () => {
    const [wanted] = mcpGatewayBinding.build({
      server: anMCPServer(withRawSpec({ gateway: { provider: 'a\n\tb ' } })),
    });
    if (wanted === undefined) throw new Error('none is wanted');
    expect(mcpGatewayBinding.isAnother?.(wanted, readBinding(wanted))).toBe(false);
  });
});
