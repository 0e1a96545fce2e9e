import { gatewaySettingsOf } from '../engine/facts.ts';
import type { Rule, RuleInput } from '../engine/rule.ts';
import { shortenMiddle } from '../engine/text.ts';
import { join, none } from '../engine/violations.ts';
import { gatewayKeys, HTTP_ROUTE_PROVIDER, isOfKuadrant, isRouted, neededGatewayKeys } from '../mcpserver/gateway.ts';
import { isDnsLabel, isSubdomain } from '../mcpserver/kubernetes-names.ts';
import { pathOf } from '../mcpserver/names.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { ownProviders } from '../resources/gateway-announcement.ts';
import { isPrefix } from '../mcpserver/prefix-claim.ts';
import { isHostOfRoute } from '../resources/public-url.ts';

const routed = { gateway: { provider: HTTP_ROUTE_PROVIDER, configRef: 'edge' } };
const at = (more: Readonly<Record<string, string>>) => ({
  spec: routed,
  gatewaySettings: { edge: { 'gateway-name': 'public', 'gateway-namespace': 'gateways', ...more } },
});
const through = (more: Readonly<Record<string, string>>) => ({
  spec: { gateway: { provider: 'kuadrant', configRef: 'edge' } },
  gatewaySettings: { edge: { 'extension-name': 'tools', 'extension-namespace': 'mcp-system', ...more } },
});

export const gatewayUsable: Rule = {
  id: 'gateway-usable',
  severity: 'warn',
  stricterIn: 14,
  summary: 'What a server and its ConfigMap say of a gateway should be what an HTTPRoute can have.',
  rationale:
    'The ConfigMap of a server with the provider `httproute` becomes an HTTPRoute, and so does its path. API servers refuse one with a ' +
    'host that is none, or with a path in which some gateway would see another one; a Gateway of a name that no object can have is never ' +
    'found. `GatewayRegistered=False` says so then, and this says it before. A provider whose name differs from one of ours in its case ' +
    'alone is somebody else, who mostly does not exist. With the provider `kuadrant` the ConfigMap becomes an HTTPRoute and an ' +
    'MCPServerRegistration, whose prefix is of lower case letters, digits and `_`.',
  remedy: 'Correct the name, the host or the path.',
  examples: {
    accepts: [
      { title: 'a server without a gateway', spec: { config: { port: 8080, path: '/a//b' } } },
      { title: 'a host', ...at({ 'route-hostname': 'MCP.example.com', 'public-hostname': 'tools.example.com' }) },
      { title: 'every host of a domain', ...at({ 'route-hostname': '*.example.com' }) },
      { title: 'a Gateway alone', ...at({}) },
      { title: 'a prefix and a listener', ...through({ prefix: 'search_2_', 'section-name': 'mcps' }) },
      { title: 'a prefix for a provider that has none', ...at({ prefix: 'Search-' }) },
      {
        title: 'whatever is for the provider of another project',
        ...at({ 'gateway-name': 'Public_GW' }),
        spec: { gateway: { provider: 'example.com/edge', configRef: 'edge' } },
      },
    ],
    rejects: [
      { title: 'a URL in the place of a host', ...at({ 'route-hostname': 'https://mcp.example.com/mcp' }) },
      { title: 'a host with a port', ...at({ 'public-hostname': 'mcp.example.com:8443' }) },
      { title: 'every host of a domain in the URL', ...at({ 'public-hostname': '*.example.com' }) },
      { title: 'a Gateway that no object can be', ...at({ 'gateway-name': 'Public_GW' }) },
      { title: 'nothing in the place of a name', ...at({ 'gateway-name': ' ' }) },
      {
        title: 'a path that says the same as another one',
        ...at({}),
        spec: { ...routed, config: { port: 8080, path: '/a//b/../c%2f' } },
      },
      { title: 'a prefix that no registration can have', ...through({ prefix: 'Search-' }) },
      { title: 'an MCPGatewayExtension that no object can be', ...through({ 'extension-name': 'Tools_1' }) },
      {
        title: 'one of our providers in another case',
        spec: { gateway: { provider: 'httpRoute', configRef: 'edge' } },
      },
    ],
  },
  check: (input) => {
    const { server } = input;
    if (server.spec.gateway === undefined) return none;
    if (!isRouted(server)) return checkProvider(server.spec.gateway.provider);
    return join(checkPath(server), checkSettings(input));
  },
};

function checkProvider(provider: string): readonly Violation[] {
  const meant = ownProviders.find((own) => own !== provider && own === provider.toLowerCase());
  if (meant === undefined) return none;
  const headline = 'no provider of ours has this name';
  const remedy = `Use '${meant}', if that is meant.`;
  return [{ path: ['spec', 'gateway', 'provider'], headline, detail: `found '${provider}'`, remedy }];
}

/** What the schema of an HTTPRoute refuses: https://gateway-api.sigs.k8s.io/reference/spec/#httppathmatch */
const unroutable = /\/\/|\/\.{1,2}(?:\/|$)|%2[fF]|%(?![0-9A-Fa-f]{2})|[^-\w/.~!$&'()*+,;=:@%]/u;

function checkPath(server: MCPServer): readonly Violation[] {
  const path = pathOf(server);
  const found = unroutable.exec(path)?.[0];
  if (found === undefined) return none;
  const headline = 'an HTTPRoute cannot have this path';
  const detail = `found '${shortenMiddle(path, maxSaid)}'`;
  const remedy = `Write it without '${found}'.`;
  return [{ path: ['spec', 'config', 'path'], headline, detail, remedy }];
}

interface Form {
  readonly key: string;
  readonly what: string;
  readonly isUsable: (text: string) => boolean;
}

const hostOfRoute: Form = {
  ...{ key: gatewayKeys.routeHostname, what: 'the name of a host, or *. and a domain' },
  isUsable: (text) => isHostOfRoute(text.toLowerCase()),
};

/** By key of the ConfigMap, what it can say. */
const forms: readonly Form[] = [
  { key: gatewayKeys.gatewayName, what: 'the name of a Gateway', isUsable: isSubdomain },
  { key: gatewayKeys.gatewayNamespace, what: 'the name of a namespace', isUsable: isDnsLabel },
  hostOfRoute,
  {
    ...{ key: gatewayKeys.publicHostname, what: 'the name of a host' },
    isUsable: (text) => isSubdomain(text.toLowerCase()),
  },
];

/** The same for the provider of Kuadrant. */
const formsOfKuadrant: readonly Form[] = [
  { key: gatewayKeys.extensionName, what: 'the name of an MCPGatewayExtension', isUsable: isSubdomain },
  { key: gatewayKeys.extensionNamespace, what: 'the name of a namespace', isUsable: isDnsLabel },
  hostOfRoute,
  { key: gatewayKeys.sectionName, what: 'the name of a listener', isUsable: isSubdomain },
  { key: gatewayKeys.prefix, what: 'lower case letters, digits and _', isUsable: isPrefix },
];

/** Longest value in a message, in characters: what a ConfigMap says may be a kilobyte. */
const maxSaid = 80;

function checkSettings({ server, facts }: RuleInput): readonly Violation[] {
  const settings = gatewaySettingsOf(server, facts);
  if (settings === undefined) return none;
  const needed = neededGatewayKeys(server);
  const path = ['spec', 'gateway', 'configRef'];
  return (isOfKuadrant(server) ? formsOfKuadrant : forms).flatMap(({ key, what, isUsable }) => {
    // Of a key that is missing another rule says so.
    const text = settings.get(key)?.trim();
    if (text === undefined || (text === '' ? !needed.includes(key) : isUsable(text))) return [];
    const headline = `'${key}' in ConfigMap '${server.spec.gateway?.configRef ?? ''}' is not ${what}`;
    const detail = `found '${shortenMiddle(text, maxSaid)}'`;
    return [
      { path, headline: shortenMiddle(headline, 100), detail, cause: [key, text], remedy: `Write ${what} there.` },
    ];
  });
}
