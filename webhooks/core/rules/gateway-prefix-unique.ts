import { gatewaySettingsOf } from '../engine/facts.ts';
import type { Rule } from '../engine/rule.ts';
import { shortenMiddle } from '../engine/text.ts';
import { none } from '../engine/violations.ts';
import { gatewayKeys, isOfKuadrant, KUADRANT_PROVIDER } from '../mcpserver/gateway.ts';
import { namespaceOf } from '../mcpserver/names.ts';
import { claimText, prefixClaimOf } from '../mcpserver/prefix-claim.ts';

const registered = { gateway: { provider: KUADRANT_PROVIDER, configRef: 'edge' } };
const at = (more: Readonly<Record<string, string>>) => ({
  spec: registered,
  gatewaySettings: { edge: { 'extension-name': 'tools', 'extension-namespace': 'mcp-system', ...more } },
});

export const gatewayPrefixUnique: Rule = {
  id: 'gateway-prefix-unique',
  severity: 'warn',
  stricterIn: 17,
  summary: 'No other server of the MCP gateway should have the prefix.',
  rationale:
    'The MCP gateway of Kuadrant takes one server with a prefix below each MCPGatewayExtension, the one that was registered first. ' +
    'Nothing is offered of another one: `GatewayRegistered=False` says so after it was registered (`PrefixConflict`), and this says it ' +
    'before. Looked up is who was registered by mcp-lifecycle; `check` knows the servers of its input as well, and tells each of two that ' +
    'are not registered yet. A server of another namespace is not named. Nothing is said where registrations cannot be read, nor of a ' +
    'server without a prefix of its own, which gets one that no other has. Where mcp-lifecycle watches some namespaces only, servers of ' +
    'others are not known.',
  remedy: 'Choose another prefix.',
  examples: {
    accepts: [
      { title: 'a server without a gateway' },
      { title: 'a prefix that nobody has', ...at({ prefix: 'search_' }), prefixes: {} },
      {
        title: 'a prefix that another server has at another MCP gateway',
        ...at({ prefix: 'search_' }),
        prefixes: { 'mcp-system/others/search_': ['mcp/find'] },
      },
      {
        title: 'a server without a prefix of its own',
        ...at({}),
        prefixes: { 'mcp-system/tools/search_': ['mcp/find'] },
      },
      {
        title: 'whatever is for the provider of another project',
        ...at({ prefix: 'search_' }),
        spec: { gateway: { provider: 'example.com/edge', configRef: 'edge' } },
        prefixes: { 'mcp-system/tools/search_': ['mcp/find'] },
      },
    ],
    rejects: [
      {
        title: 'the prefix of another server',
        ...at({ prefix: 'search_' }),
        prefixes: { 'mcp-system/tools/search_': ['mcp/find'] },
      },
      {
        title: 'the prefix of a server in another namespace',
        ...at({ prefix: 'search_' }),
        prefixes: { 'mcp-system/tools/search_': ['team-b/find'] },
      },
    ],
  },
  check({ server, facts }) {
    const claim = isOfKuadrant(server) ? prefixClaimOf(gatewaySettingsOf(server, facts)) : undefined;
    if (claim === undefined) return none;
    const namespace = namespaceOf(server);
    const holder = facts.prefixHolder?.(claim, { namespace, name: server.metadata.name });
    if (holder === undefined) return none;
    // Whoever may write an MCPServer may not be one who may read those of others.
    const who = holder.namespace === namespace ? `'${holder.name}'` : 'a server of another namespace';
    const { extension, prefix } = claim;
    const place = shortenMiddle(`${extension.namespace}/${extension.name}`, maxSaid);
    return [
      {
        path: ['spec', 'gateway', 'configRef'],
        headline: 'another server of the MCP gateway has the prefix',
        detail: `found '${shortenMiddle(prefix, maxSaid)}', which ${who} has at MCPGatewayExtension '${place}'`,
        cause: [gatewayKeys.prefix, claimText(claim), who],
      },
    ];
  },
};

/** Longest name in a message, in characters. */
const maxSaid = 80;
