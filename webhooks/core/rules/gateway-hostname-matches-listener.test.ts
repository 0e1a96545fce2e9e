import { expect, it } from '@jest/globals';
import type { Listener } from '../mcpserver/gateway.ts';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { gatewayHostnameMatchesListener } from './gateway-hostname-matches-listener.ts';

const named = { 'gateway-name': 'public', 'gateway-namespace': 'gateways' };

function found(host: string, listeners: readonly Listener[] | undefined, provider = 'httproute') {
  const server = anMCPServer(withRawSpec({ gateway: { provider, configRef: 'edge' } }));
  const facts = inMemoryFacts({ gatewaySettings: { edge: { ...named, 'route-hostname': host } } });
  return evaluateRules([gatewayHostnameMatchesListener], { server, facts: { ...facts, listenersOf: () => listeners } });
}

const other: Listener = { protocol: 'HTTPS', port: 443, hostname: 'bank.example.org' };

it('says which host and which Gateway, and none of the hosts that its listeners have', () => {
  const [finding] = found('MCP.example.com', [other]);
  expect(finding?.detail).toBe("found 'mcp.example.com', and Gateway 'gateways/public'");
  expect(JSON.stringify(finding)).not.toContain('bank');
});

it('counts listeners for HTTP alone, and says nothing where there is none', () => {
  const tcp: Listener = { protocol: 'TCP', port: 9000 };
  expect(found('mcp.example.com', [tcp, other])).toHaveLength(1);
  expect(found('mcp.example.com', [tcp])).toEqual([]);
});

it.each([
  ['a Gateway that nobody knows', 'mcp.example.com', undefined, 'httproute'],
  ['a host that is none: another rule says so', 'https://mcp.example.com', [other], 'httproute'],
  ['another provider', 'mcp.example.com', [other], 'kuadrant'],
] as const)('says nothing of %s', (_, host, listeners, provider) => {
  expect(found(host, listeners, provider)).toEqual([]);
});

it('is another finding for another host, and bounds what it quotes', () => {
  const [one, two] = ['a.example.com', 'b.example.com'].map((host) => found(host, [other])[0]?.cause);
  expect(one).not.toEqual(two);
  const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.example.com`;
  expect(found(long, [other])[0]?.detail.length).toBeLessThan(160);
});
