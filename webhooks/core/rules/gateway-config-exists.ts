import type { Rule, RuleInput } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { neededGatewayKeys } from '../mcpserver/gateway.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { checkReferences, type Concern } from './parts/missing-reference.ts';

const untilThen = 'the server is registered at no gateway until then';
const routed = { gateway: { provider: 'httproute', configRef: 'search-gateway' } };

export const gatewayConfigExists: Rule = {
  id: 'gateway-config-exists',
  severity: 'warn',
  stricterIn: 14,
  summary: 'The ConfigMap in spec.gateway.configRef must exist, with the keys that the provider needs.',
  rationale:
    'It says at which gateway the server is registered: for the provider `httproute`, the keys `gateway-name` and ' +
    '`gateway-namespace`, for `kuadrant` `extension-name` and `extension-namespace`. The server runs without it and can be reached inside the cluster; `GatewayRegistered=False` says ' +
    'what is missing, and it is registered by itself as soon as that is there. What controllers of other projects need is ' +
    'theirs to say: of their ConfigMap it is only looked whether it exists.',
  remedy: 'Create the ConfigMap with the keys that the provider needs, or correct its name.',
  examples: {
    accepts: [
      { title: 'a server without a gateway' },
      {
        title: 'a ConfigMap that names a Gateway',
        spec: routed,
        gatewaySettings: { 'search-gateway': { 'gateway-name': 'public', 'gateway-namespace': 'gateways' } },
      },
      {
        title: 'a ConfigMap that names an MCPGatewayExtension',
        spec: { gateway: { provider: 'kuadrant', configRef: 'search-gateway' } },
        gatewaySettings: { 'search-gateway': { 'extension-name': 'tools', 'extension-namespace': 'mcp-system' } },
      },
      {
        title: 'a provider of another project without a ConfigMap',
        spec: { gateway: { provider: 'example.com/edge' } },
      },
    ],
    rejects: [
      { title: 'a ConfigMap that does not exist', spec: routed },
      {
        title: 'a ConfigMap that does not say in which namespace the Gateway is',
        spec: routed,
        gatewaySettings: { 'search-gateway': { 'gateway-name': 'public' } },
      },
      {
        title: 'a ConfigMap for another provider',
        spec: { gateway: { provider: 'kuadrant', configRef: 'search-gateway' } },
        gatewaySettings: { 'search-gateway': { 'gateway-name': 'public', 'gateway-namespace': 'gateways' } },
      },
      { title: 'the provider httproute without a ConfigMap', spec: { gateway: { provider: 'httproute' } } },
    ],
  },
  check(input) {
    const { gateway } = input.server.spec;
    if (gateway === undefined) return none;
    const needed = neededGatewayKeys(input.server);
    if ((gateway.configRef ?? '') === '') return needed.length === 0 ? none : [notNamed(gateway.provider, needed)];
    return [...checkReferences(input, concern), ...missingKeys(input)];
  },
};

const concern = {
  includes: ({ usage }) => usage === 'gateway',
  consequence: untilThen,
} satisfies Concern;

function notNamed(provider: string, needed: readonly string[]): Violation {
  return {
    path: ['spec', 'gateway', 'configRef'],
    headline: `provider '${provider}' needs a ConfigMap`,
    detail: untilThen,
    remedy: `Name a ConfigMap of this namespace with the keys ${needed.join(' and ')}.`,
  };
}

function missingKeys({ references, facts }: RuleInput): readonly Violation[] {
  return references
    .filter(({ usage }) => usage === 'gateway')
    .flatMap(({ kind, name, keys }) => {
      const found = facts.lookUp(kind, name);
      if (found.state !== 'found') return [];
      return keys
        .filter(({ key }) => !found.keys.has(key))
        .map(({ key, path }) => {
          const headline = `no key '${key}' in ${kind} '${name}'`;
          return { path, headline, detail: untilThen, cause: [name, key] };
        });
    });
}
