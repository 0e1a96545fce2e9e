import { expect, it } from '@jest/globals';
import type { ReferenceFacts } from '../engine/facts.ts';
import { anMCPServer, withName, withRawSpec } from '../testing/builders.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { gatewayPrefixUnique } from './gateway-prefix-unique.ts';

const claim = 'mcp-system/tools/search_';

function found(servers: readonly string[], { provider = 'kuadrant', prefix = 'search_', name = 'search' } = {}) {
  const edge = { 'extension-name': 'tools', 'extension-namespace': 'mcp-system', prefix };
  const server = anMCPServer(withName(name), withRawSpec({ gateway: { provider, configRef: 'edge' } }));
  const facts = inMemoryFacts({ gatewaySettings: { edge }, prefixes: { [claim]: servers } });
  return evaluateRules([gatewayPrefixUnique], { server, facts });
}

it('names a server of the same namespace, and none of another one', () => {
  expect(found(['mcp/find'])[0]?.detail).toBe(
    "found 'search_', which 'find' has at MCPGatewayExtension 'mcp-system/tools'",
  );
  const [finding] = found(['bank/secret-project']);
  expect(finding?.detail).toContain('which a server of another namespace has');
  expect(JSON.stringify(finding)).not.toMatch(/bank|secret-project/);
});

it('says nothing to the one that was registered first, and the same to all others', () => {
  const servers = ['mcp/find', 'mcp/search', 'mcp/list'];
  const told = ['find', 'search', 'list'].map((name) => found(servers, { name }).map(({ cause }) => cause));
  expect(told).toEqual([[], [['prefix', claim, "'find'"]], [['prefix', claim, "'find'"]]]);
});

it.each([
  ['a prefix that no registration can have: another rule says so', { prefix: 'Search-' }],
  ['another provider', { provider: 'httproute' }],
  ['a ConfigMap that says none', { prefix: ' ' }],
])('says nothing of %s', (_, more) => {
  expect(found(['mcp/find'], more)).toEqual([]);
});

it('says nothing where nobody knows who is registered', () => {
  const edge = { 'extension-name': 'tools', 'extension-namespace': 'mcp-system', prefix: 'search_' };
  const server = anMCPServer(withRawSpec({ gateway: { provider: 'kuadrant', configRef: 'edge' } }));
  const known = inMemoryFacts({ gatewaySettings: { edge } });
  const facts: ReferenceFacts = { lookUp: (kind, name) => known.lookUp(kind, name) };
  expect(evaluateRules([gatewayPrefixUnique], { server, facts })).toEqual([]);
});

it('bounds what it quotes', () => {
  const edge = { 'extension-name': 'a'.repeat(253), 'extension-namespace': 'mcp-system', prefix: 'b'.repeat(1_000) };
  const server = anMCPServer(withRawSpec({ gateway: { provider: 'kuadrant', configRef: 'edge' } }));
  const facts = inMemoryFacts({ gatewaySettings: { edge } });
  const [finding] = evaluateRules([gatewayPrefixUnique], {
    server,
    facts: { ...facts, prefixHolder: () => ({ namespace: 'mcp', name: 'find' }) },
  });
  expect(finding?.detail.length).toBeLessThan(250);
});
