import { isDnsLabel, isSubdomain } from './kubernetes-names.ts';
import type { MCPServer } from './types.gen.ts';

/** Keys of the ConfigMap that `spec.gateway.configRef` names, those of the reference API. */
export const gatewayKeys = {
  gatewayName: 'gateway-name',
  gatewayNamespace: 'gateway-namespace',
  routeHostname: 'route-hostname',
  publicHostname: 'public-hostname',
  extensionName: 'extension-name',
  extensionNamespace: 'extension-namespace',
  sectionName: 'section-name',
  prefix: 'prefix',
} as const;

/** Those that are read. */
export const readGatewayKeys: ReadonlySet<string> = new Set(Object.values(gatewayKeys));

/** Longest value of one that is read, in bytes; a hostname has 253. */
export const maxGatewaySettingBytes = 1_024;

/** What a ConfigMap says of a gateway, by its keys. */
export type GatewaySettings = ReadonlyMap<string, string>;

/** The provider that makes an HTTPRoute. */
export const HTTP_ROUTE_PROVIDER = 'httproute';

/** The provider that makes an HTTPRoute and registers it at the MCP gateway of Kuadrant. */
export const KUADRANT_PROVIDER = 'kuadrant';

/** Those that make a route. */
const routing: ReadonlySet<string> = new Set([HTTP_ROUTE_PROVIDER, KUADRANT_PROVIDER]);

/** Whether its provider is one of ours that makes an HTTPRoute. */
export function isRouted({ spec }: MCPServer): boolean {
  return routing.has(spec.gateway?.provider ?? '');
}

export function isOfKuadrant({ spec }: MCPServer): boolean {
  return spec.gateway?.provider === KUADRANT_PROVIDER;
}

/**
 * The rule by which a policy limits where servers are published. A ConfigMap changes without its server, which nobody refuses
 * anything for then: so for what this one finds no route is made, or changed.
 */
export const PUBLISHING_RULE = 'gateway-allowed';

/** The keys without which a provider in this tree cannot do anything. What others need is theirs to say. */
const neededKeys: ReadonlyMap<string, readonly string[]> = new Map([
  [HTTP_ROUTE_PROVIDER, [gatewayKeys.gatewayName, gatewayKeys.gatewayNamespace]],
  [KUADRANT_PROVIDER, [gatewayKeys.extensionName, gatewayKeys.extensionNamespace]],
]);

/** Keys that the provider of a server needs; none where nobody here knows it. */
export function neededGatewayKeys({ spec }: MCPServer): readonly string[] {
  return neededKeys.get(spec.gateway?.provider ?? '') ?? [];
}

/** Which Gateway a server is to be registered at, or which MCPGatewayExtension. */
export interface GatewayName {
  readonly name: string;
  readonly namespace: string;
}

/** What is known of one of its listeners. */
export interface Listener {
  readonly name?: string;
  readonly protocol: string;
  readonly port: number;
  /** Absent: it takes every host. */
  readonly hostname?: string;
  /** Of which namespaces it takes routes (`allowedRoutes.namespaces.from`); absent: it does not say. */
  readonly from?: string;
}

/**
 * Undefined where the settings do not name one: a key is missing, empty, or what no object can be called. Admission only warns of
 * that, and what is read here becomes a part of paths and objects.
 */
export function gatewayNameOf(settings: GatewaySettings | undefined): GatewayName | undefined {
  return nameIn(settings, 'gatewayName', 'gatewayNamespace');
}

/** The Gateway that may have no listener for the host of a route; undefined where the settings say no host: every listener takes that. */
export function gatewayOfHost(settings: GatewaySettings | undefined): GatewayName | undefined {
  return hostnameIn(settings, 'routeHostname') === undefined ? undefined : gatewayNameOf(settings);
}

/** The MCPGatewayExtension, which names the Gateway; undefined as for {@link gatewayNameOf}. */
export function extensionNameOf(settings: GatewaySettings | undefined): GatewayName | undefined {
  return nameIn(settings, 'extensionName', 'extensionNamespace');
}

function nameIn(settings: GatewaySettings | undefined, ...keys: readonly [Key, Key]): GatewayName | undefined {
  const [name, namespace] = [settingIn(settings, keys[0]), settingIn(settings, keys[1])];
  if (name === undefined || namespace === undefined) return undefined;
  return isSubdomain(name) && isDnsLabel(namespace) ? { name, namespace } : undefined;
}

type Key = keyof typeof gatewayKeys;

/** Undefined where the settings say nothing under the key. */
export function settingIn(settings: GatewaySettings | undefined, key: Key): string | undefined {
  const text = settings?.get(gatewayKeys[key])?.trim() ?? '';
  return text === '' ? undefined : text;
}

/** A hostname of the settings; undefined where there is none. */
export function hostnameIn(
  settings: GatewaySettings | undefined,
  key: 'routeHostname' | 'publicHostname',
): string | undefined {
  return settingIn(settings, key)?.toLowerCase();
}
