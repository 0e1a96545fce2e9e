import type { MCPServer } from './types.gen.ts';

/** Keys of the ConfigMap that `spec.gateway.configRef` names, those of the reference API. */
export const gatewayKeys = {
  gatewayName: 'gateway-name',
  gatewayNamespace: 'gateway-namespace',
  routeHostname: 'route-hostname',
  publicHostname: 'public-hostname',
} as const;

/** Those that are read. */
export const readGatewayKeys: ReadonlySet<string> = new Set(Object.values(gatewayKeys));

/** Longest value of one that is read, in bytes; a hostname has 253. */
export const maxGatewaySettingBytes = 1_024;

/** What a ConfigMap says of a gateway, by its keys. */
export type GatewaySettings = ReadonlyMap<string, string>;

/** The provider that makes an HTTPRoute. */
export const HTTP_ROUTE_PROVIDER = 'httproute';

/**
 * The rule by which a policy limits where servers are published. A ConfigMap changes without its server, which nobody refuses
 * anything for then: so for what this one finds no route is made, or changed.
 */
export const PUBLISHING_RULE = 'gateway-allowed';

/** The keys without which a provider in this tree cannot do anything. What others need is theirs to say. */
const neededKeys: ReadonlyMap<string, readonly string[]> = new Map([
  [HTTP_ROUTE_PROVIDER, [gatewayKeys.gatewayName, gatewayKeys.gatewayNamespace]],
]);

/** Keys that the provider of a server needs; none where nobody here knows it. */
export function neededGatewayKeys({ spec }: MCPServer): readonly string[] {
  return neededKeys.get(spec.gateway?.provider ?? '') ?? [];
}

/** Which Gateway a server is to be registered at. */
export interface GatewayName {
  readonly name: string;
  readonly namespace: string;
}

/** Undefined where the settings do not name one: a key is missing, or empty. */
export function gatewayNameOf(settings: GatewaySettings | undefined): GatewayName | undefined {
  const name = settings?.get(gatewayKeys.gatewayName)?.trim() ?? '';
  const namespace = settings?.get(gatewayKeys.gatewayNamespace)?.trim() ?? '';
  return name === '' || namespace === '' ? undefined : { name, namespace };
}

/** A hostname of the settings; undefined where there is none. */
export function hostnameIn(
  settings: GatewaySettings | undefined,
  key: 'routeHostname' | 'publicHostname',
): string | undefined {
  const host = settings?.get(gatewayKeys[key])?.trim().toLowerCase() ?? '';
  return host === '' ? undefined : host;
}
