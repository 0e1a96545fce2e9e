import { gatewaySettingsOf } from '../engine/facts.ts';
import type { Rule } from '../engine/rule.ts';
import { shortenMiddle } from '../engine/text.ts';
import { none } from '../engine/violations.ts';
import { gatewayKeys, gatewayNameOf, hostnameIn, HTTP_ROUTE_PROVIDER } from '../mcpserver/gateway.ts';
import { isHostOfRoute, isTakenByNone } from '../resources/public-url.ts';

const routed = { gateway: { provider: HTTP_ROUTE_PROVIDER, configRef: 'edge' } };
const at = (hosts: readonly string[], more: Readonly<Record<string, string>>) => ({
  spec: routed,
  gatewaySettings: { edge: { 'gateway-name': 'public', 'gateway-namespace': 'gateways', ...more } },
  gateways: { 'gateways/public': hosts },
});

export const gatewayHostnameMatchesListener: Rule = {
  id: 'gateway-hostname-matches-listener',
  severity: 'warn',
  stricterIn: 16,
  summary: 'A listener of the Gateway should take the host of the route.',
  rationale:
    'A Gateway takes a route only if one of its listeners has the `route-hostname` of the ConfigMap, or a wildcard of it, or no host at all. ' +
    'Otherwise nothing is published: `GatewayRegistered=False` says so after the Gateway has looked at the route ' +
    '(`NoMatchingListenerHostname`), and this says it before. `public-hostname` is the host in front of the Gateway, which no listener has ' +
    'to know. Of a Gateway that is not there, or cannot be read, nothing is said; nor of one without a listener for HTTP, or of the provider ' +
    '`kuadrant`, whose Gateway is named by its MCPGatewayExtension. Which hosts the listeners have is not told: whoever may write an ' +
    'MCPServer may not be one who may read the Gateway.',
  remedy: 'Choose a route-hostname that a listener of the Gateway has, or have such a listener added.',
  examples: {
    accepts: [
      { title: 'a server without a gateway' },
      { title: 'the host of a listener', ...at(['mcp.example.com'], { 'route-hostname': 'MCP.example.com' }) },
      { title: 'a host below a wildcard', ...at(['*.example.com'], { 'route-hostname': 'a.mcp.example.com' }) },
      {
        title: 'a wildcard that a listener is below',
        ...at(['mcp.example.com'], { 'route-hostname': '*.example.com' }),
      },
      { title: 'a listener for every host', ...at(['bank.example.org', ''], { 'route-hostname': 'mcp.example.com' }) },
      { title: 'a route without a host', ...at(['bank.example.org'], {}) },
      {
        title: 'another host in front of the Gateway',
        ...at(['mcp.internal'], { 'route-hostname': 'mcp.internal', 'public-hostname': 'mcp.example.com' }),
      },
      { title: 'a Gateway that nobody knows', ...at([], { 'route-hostname': 'mcp.example.com' }), gateways: {} },
    ],
    rejects: [
      { title: 'a host of no listener', ...at(['bank.example.org'], { 'route-hostname': 'mcp.example.com' }) },
      { title: 'the domain of a wildcard itself', ...at(['*.example.com'], { 'route-hostname': 'example.com' }) },
      {
        title: 'a wildcard that no listener is below',
        ...at(['example.com', '*.example.org'], { 'route-hostname': '*.mcp.example.com' }),
      },
    ],
  },
  check({ server, facts }) {
    // The ConfigMap of any other provider names its Gateway in words of its own.
    if (server.spec.gateway?.provider !== HTTP_ROUTE_PROVIDER) return none;
    const settings = gatewaySettingsOf(server, facts);
    const host = hostnameIn(settings, 'routeHostname');
    const gateway = gatewayNameOf(settings);
    // Of a host that is none gateway-usable says so.
    if (host === undefined || gateway === undefined || !isHostOfRoute(host)) return none;
    if (!isTakenByNone(facts.listenersOf?.(gateway) ?? [], host)) return none;
    const place = `${gateway.namespace}/${gateway.name}`;
    return [
      {
        path: ['spec', 'gateway', 'configRef'],
        headline: 'no listener of the Gateway takes the host of the route',
        detail: `found '${shortenMiddle(host, maxSaid)}', and Gateway '${shortenMiddle(place, maxSaid)}'`,
        cause: [gatewayKeys.routeHostname, host, place],
      },
    ];
  },
};

/** Longest name in a message, in characters: a host has up to 253. */
const maxSaid = 80;
