import { describe, expect, it } from '@jest/globals';
import type { Finding } from '../engine/finding.ts';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import { deployment } from './deployment.ts';
import { service } from './service.ts';

const announcedTo = (provider: string): ReturnType<typeof anMCPServer> =>
  anMCPServer(withRawSpec({ gateway: { provider } }));

describe('a gateway that looks for servers by itself', () => {
  it('finds a server by its Service, if it is agentgateway', () => {
    expect(service.build({ server: announcedTo('agentgateway') })).toMatchObject([
      {
        metadata: { annotations: { 'agentgateway.dev/mcp-path': '/mcp' } },
        spec: { ports: [{ name: 'mcp', port: 8080, appProtocol: 'agentgateway.dev/mcp' }] },
      },
    ]);
    const [plain] = service.build({ server: announcedTo('constructor') });
    expect(plain?.metadata).not.toHaveProperty('annotations');
    expect(JSON.stringify(plain)).not.toContain('appProtocol');
  });

  it('finds it by its Deployment, if it is the registry of GKE, and never its candidate', () => {
    const objects = deployment.build({ server: announcedTo('gke'), candidateTemplate: 'abc' });
    expect(objects).toHaveLength(2);
    const [serving, candidate] = objects;
    expect(serving?.metadata).toMatchObject({
      labels: { 'registry.gke.io/functional-type': 'MCP_SERVER' },
      annotations: { 'modelcontextprotocol.info/urls': 'http://search.mcp.svc.cluster.local:8080/mcp' },
    });
    expect(JSON.stringify(candidate)).not.toContain('gke');
  });

  it('finds what serves where that is, while its successor is on its way', () => {
    const moved = (provider: string): ReturnType<typeof anMCPServer> =>
      anMCPServer(withRawSpec({ gateway: { provider }, config: { port: 9090, path: '/v2' } }));
    const served = { url: 'http://search.mcp.svc.cluster.local:8080/mcp', port: 8080, path: '/mcp' };
    expect(service.build({ server: moved('agentgateway'), served })).toMatchObject([
      { metadata: { annotations: { 'agentgateway.dev/mcp-path': '/mcp' } } },
    ]);
    expect(deployment.build({ server: moved('gke'), served })).toMatchObject([
      { metadata: { annotations: { 'modelcontextprotocol.info/urls': served.url } } },
    ]);
  });

  it.each(['served', 'off', 'absent', 'unknown'] as const)(
    'finds none anew that a policy does not let be published, nor while its API is not known to be there (%s)',
    (state) => {
      const refused: Finding = {
        ...{ ruleId: 'gateway-allowed', severity: 'deny', path: ['spec', 'gateway', 'provider'] },
        ...{ headline: 'x', detail: 'x', remedy: 'x' },
      };
      const apis = new Map([['MCPGatewayBinding', state]]);
      const built = (findings: readonly Finding[], isAnnounced: boolean): readonly boolean[] =>
        ['agentgateway', 'gke'].map((provider) => {
          const input = { server: announcedTo(provider), verdict: { findings, rules: 1, apis }, isAnnounced };
          return /agentgateway|gke/.test(JSON.stringify([service.build(input), deployment.build(input)]));
        });
      expect(built([refused], false)).toEqual([false, false]);
      expect(built([], false)).toEqual(state === 'served' ? [true, true] : [false, false]);
      expect(built([refused], true)).toEqual([true, true]);
      expect(built([], true)).toEqual([true, true]);
    },
  );

  it('restarts no pod: their template is the same', () => {
    const templateOf = (server: ReturnType<typeof anMCPServer>): unknown =>
      (deployment.build({ server })[0]?.['spec'] as { readonly template: unknown }).template;
    for (const provider of ['gke', 'agentgateway', 'httproute'])
      expect(templateOf(announcedTo(provider))).toEqual(templateOf(anMCPServer()));
  });
});
