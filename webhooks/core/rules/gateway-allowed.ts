import { patternsOf } from '../engine/name-patterns.ts';
import { gatewaySettingsOf } from '../engine/facts.ts';
import { defineRule, type Rule } from '../engine/rule.ts';
import { shortenMiddle } from '../engine/text.ts';
import { join, none } from '../engine/violations.ts';
import { gatewayNameOf, hostnameIn, HTTP_ROUTE_PROVIDER, isRouted, PUBLISHING_RULE } from '../mcpserver/gateway.ts';
import type { GatewaySettings } from '../mcpserver/gateway.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { listed } from './parts/listed.ts';
import { gatewayPlace, hostname, maxPatterns, metadataKey } from './parts/parameter-forms.ts';

const parameters = { providers: ['httproute'], gateways: ['gateways/team-*'], hostnames: ['*.team.example.com'] };
const routed = { gateway: { provider: HTTP_ROUTE_PROVIDER, configRef: 'edge' } };
const at = (more: Readonly<Record<string, string>>) => ({
  spec: routed,
  gatewaySettings: { edge: { 'gateway-name': 'team-a', 'gateway-namespace': 'gateways', ...more } },
  parameters,
});

export const gatewayAllowed: Rule = defineRule({
  id: PUBLISHING_RULE,
  severity: 'deny',
  isOptIn: true,
  stricterIn: 14,
  summary: 'A server must be published only by providers, at Gateways and under hosts that the policy lists.',
  rationale:
    'An HTTPRoute is made by the account of mcp-lifecycle, so whoever may write MCPServers and ConfigMaps publishes servers at each ' +
    'Gateway that admits routes of the namespace, under each of its hosts, although he may write no HTTPRoute himself. With this rule ' +
    'only at those that the policy lists. Gateways and hosts are those in the ConfigMap of a server with the provider `httproute`, ' +
    'and a route without a host takes all of those of its Gateway; with the provider `kuadrant` those that its MCPGatewayExtension ' +
    'leads to, its `publicHost` too, which are known in a cluster alone. What other providers do with a server is theirs to limit. The ' +
    'ConfigMap may change at any time: what is found there then, or when the policy comes, leaves the server running and accepted; its ' +
    'route, its MCPGatewayBinding and what announces it to `agentgateway` or `gke` are not made meanwhile, and stay where they are; ' +
    '`GatewayRegistered` says so. What is published by then stays until somebody deletes it.',
  remedy: 'Use a provider, a Gateway and a host that the policy lists.',
  parameters: {
    providers: {
      type: 'strings',
      form: metadataKey,
      maxItems: maxPatterns,
      isOptional: true,
      help: 'Providers, or globs of them: `httproute`. None in the list: no server is published. Absent: any.',
    },
    gateways: {
      type: 'strings',
      form: gatewayPlace,
      maxItems: maxPatterns,
      isOptional: true,
      help: 'Gateways by namespace and name, or globs of them: `gateways/team-*`. Absent: any.',
    },
    hostnames: {
      type: 'strings',
      form: hostname,
      maxItems: maxPatterns,
      isOptional: true,
      help: 'Values of `route-hostname` and `public-hostname`, or globs of them: `*.team.example.com`. Absent: any, and none.',
    },
  },
  examples: {
    accepts: [
      { title: 'a server without a gateway', parameters },
      { title: 'a Gateway and a host that are listed', ...at({ 'route-hostname': 'mcp.team.example.com' }) },
      {
        title: 'a provider of another project that is listed, whatever its ConfigMap says',
        ...at({ 'gateway-name': 'public' }),
        spec: { gateway: { provider: 'example.com/edge', configRef: 'edge' } },
        parameters: { ...parameters, providers: ['example.com/*'] },
      },
    ],
    rejects: [
      { title: 'another provider', spec: { gateway: { provider: 'example.com/edge' } }, parameters },
      {
        title: 'another Gateway',
        ...at({ 'gateway-name': 'public', 'route-hostname': 'mcp.team.example.com' }),
      },
      { title: 'another host', ...at({ 'route-hostname': 'mcp.example.com' }) },
      { title: 'a wildcard of more hosts than those that are listed', ...at({ 'route-hostname': '*.example.com' }) },
      { title: 'all hosts of the Gateway', ...at({}) },
      {
        title: 'another host in the URL',
        ...at({ 'route-hostname': 'mcp.team.example.com', 'public-hostname': 'bank.example.com' }),
      },
    ],
  },
  check({ server, facts }, allowed) {
    const { gateway } = server.spec;
    if (gateway === undefined) return none;
    const { provider } = gateway;
    const byProvider = checkAllowed(provider, allowed.providers, { what: 'the provider', path: providerPath });
    const settings = isRouted(server) ? gatewaySettingsOf(server, facts) : undefined;
    // Without them no route is made, and where it leads is judged once they are there.
    const parent = gatewayNameOf(settings);
    if (settings === undefined || parent === undefined) return byProvider;
    const place = `${parent.namespace}/${parent.name}`;
    return join(
      byProvider,
      checkAllowed(place, allowed.gateways, { what: 'the Gateway', path: configPath }),
      checkHosts(settings, allowed.hostnames),
    );
  },
});

const providerPath = ['spec', 'gateway', 'provider'];
const configPath = ['spec', 'gateway', 'configRef'];

function checkHosts(settings: GatewaySettings, allowed: readonly string[] | undefined): readonly Violation[] {
  if (allowed === undefined) return none;
  const route = hostnameIn(settings, 'routeHostname');
  const shown = hostnameIn(settings, 'publicHostname');
  return join(
    route === undefined
      ? [withoutHost(allowed)]
      : checkAllowed(route, allowed, { what: 'the route-hostname', path: configPath }),
    shown === undefined ? none : checkAllowed(shown, allowed, { what: 'the public-hostname', path: configPath }),
  );
}

function withoutHost(allowed: readonly string[]): Violation {
  return {
    ...{ path: configPath, headline: 'the route takes every host of its Gateway', detail: 'found no route-hostname' },
    ...{ cause: ['route-hostname'], remedy: `Set route-hostname to one that the policy lists: ${listed(allowed)}.` },
  };
}

/** Longest name in a message, in characters: what a ConfigMap says may be a kilobyte. */
const maxSaid = 80;

function checkAllowed(
  found: string,
  allowed: readonly string[] | undefined,
  { what, path }: { readonly what: string; readonly path: FieldPath },
): readonly Violation[] {
  if (allowed === undefined || patternsOf(allowed).has(found)) return none;
  return [
    {
      ...{ path, headline: `${what} is not allowed here`, detail: `found '${shortenMiddle(found, maxSaid)}'` },
      ...{ cause: [what, found], remedy: `Use one that the policy lists: ${listed(allowed)}.` },
    },
  ];
}
