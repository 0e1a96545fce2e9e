import { oneLine } from '../engine/text.ts';
import { extensionNameOf, gatewayKeys, hostnameIn, settingIn } from '../mcpserver/gateway.ts';
import type { GatewayName, GatewaySettings, Listener } from '../mcpserver/gateway.ts';
import { isDnsLabel, isSubdomain } from '../mcpserver/kubernetes-names.ts';
import { namespaceOf, PREFIX_LABEL } from '../mcpserver/names.ts';
import { present } from '../mcpserver/record.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { claimText, prefixClaimOf } from '../mcpserver/prefix-claim.ts';
import { isHost, urlOf } from './public-url.ts';
import type { GatewayState, PublicUrl } from './public-url.ts';
import { fieldsIn, textIn } from './raw-fields.ts';

/** What is known of the MCPGatewayExtension that a ConfigMap names. */
export type ExtensionState =
  | ({ readonly state: 'found' } & ExtensionSeen)
  | { readonly state: 'missing' }
  /** `why`: a clause. `isPassing`: it was not told this time, and may be the next. */
  | { readonly state: 'unknown'; readonly why: string; readonly isPassing?: true };

/** Of https://docs.kuadrant.io/mcp-gateway: which Gateway becomes an MCP gateway. */
export interface ExtensionSeen {
  readonly gateway?: GatewayName;
  /** The listener at which clients reach it. */
  readonly section?: string;
  readonly publicHost?: string;
}

/** Longest name or host, in characters. */
const maxText = 253;

/** Where the MCP gateway of Kuadrant answers clients, at whatever host. */
const PUBLIC_PATH = '/mcp';

/** `raw` is whatever the API server sent, for an object in the namespace. */
export function readExtension(raw: unknown, namespace: string): ExtensionSeen {
  const spec = fieldsIn(raw, 'spec');
  const target = fieldsIn(spec, 'targetRef');
  const text = (of: typeof spec, field: string): string | undefined => oneLine(textIn(of, field), maxText) || undefined;
  const gateway = { name: text(target, 'name') ?? '', namespace: text(target, 'namespace') ?? namespace };
  return present({
    gateway: isSubdomain(gateway.name) && isDnsLabel(gateway.namespace) ? gateway : undefined,
    section: text(target, 'sectionName'),
    publicHost: text(spec, 'publicHost')?.toLowerCase(),
  });
}

/** What follows from the ConfigMap of a server with the provider of Kuadrant, and from what was looked up for it. */
export interface ExtensionFound {
  readonly extension: ExtensionState;
  /** Absent: the extension names none. */
  readonly gateway?: GatewayState;
}

/**
 * The settings of its route, as if the ConfigMap said them: Gateway, listener and the host that clients are told are those that
 * the extension names, whatever else stands there. Without a Gateway where that is not known, or has no host for the route.
 * Under the key of the label of its registration they have the value of that.
 */
export function settingsThrough(
  server: MCPServer,
  said: GatewaySettings,
  found: ExtensionFound | undefined,
  digest: (text: string) => string,
): GatewaySettings {
  const seen: ExtensionSeen = found?.extension.state === 'found' ? found.extension : {};
  const section = settingIn(said, 'sectionName') ?? seen.section;
  const host = hostnameIn(said, 'routeHostname') ?? derivedHost(server, listenerOf(found?.gateway, section));
  const gateway = host === undefined || !isSection(section) ? undefined : seen.gateway;
  const settings = new Map(
    Object.entries({
      [gatewayKeys.extensionName]: settingIn(said, 'extensionName'),
      [gatewayKeys.extensionNamespace]: settingIn(said, 'extensionNamespace'),
      [gatewayKeys.gatewayName]: gateway?.name,
      [gatewayKeys.gatewayNamespace]: gateway?.namespace,
      [gatewayKeys.sectionName]: section,
      [gatewayKeys.routeHostname]: host,
      [gatewayKeys.publicHostname]: seen.publicHost,
      [gatewayKeys.prefix]: settingIn(said, 'prefix') ?? usualPrefix(server, digest),
    }).flatMap(([key, text]) => (text === undefined ? [] : [[key, text] as const])),
  );
  const claim = prefixClaimOf(settings);
  return claim === undefined ? settings : settings.set(PREFIX_LABEL, digest(claimText(claim)));
}

/** Without one a route is for every listener, and a listener of another name is none. */
function isSection(section: string | undefined): boolean {
  return section === undefined || isSubdomain(section);
}

/** That of the reference API. */
function usualPrefix(server: MCPServer, digest: (text: string) => string): string {
  return `mcp_${digest(`${server.metadata.name}/${namespaceOf(server)}`).slice(0, 8)}_`;
}

/** The host is known to the gateway alone, which reaches the server by it; of a listener for every host below a domain it is one. */
function derivedHost(server: MCPServer, listener: Listener | undefined): string | undefined {
  const domain = /^\*\.(.+)$/.exec(listener?.hostname ?? '')?.[1];
  return domain === undefined ? undefined : `${server.metadata.name}.${domain}`;
}

function listenerOf(gateway: GatewayState | undefined, section: string | undefined): Listener | undefined {
  return gateway?.state === 'found' ? gateway.listeners.find(({ name }) => name === section) : undefined;
}

/** Why a server with the provider of Kuadrant has no route: a clause each, and what to do; undefined where it is not for that. */
export function whyNoGateway(
  said: GatewaySettings,
  { extension, gateway }: ExtensionFound,
): { readonly what: string; readonly fix: string } | undefined {
  const { namespace, name } = extensionNameOf(said) ?? { namespace: '', name: '' };
  const named = `MCPGatewayExtension ${namespace}/${name}`;
  if (extension.state === 'missing')
    return { what: `${named} not found`, fix: 'create it, or correct extension-name and extension-namespace' };
  if (extension.state === 'unknown') return { what: `${named} is not known`, fix: extension.why };
  if (extension.gateway === undefined) return { what: `${named} names no Gateway`, fix: 'correct its spec.targetRef' };
  const section = settingIn(said, 'sectionName') ?? extension.section;
  if (!isSection(section)) return { what: 'section-name is not what a listener can be called', fix: 'correct it' };
  const at = `Gateway ${extension.gateway.namespace}/${extension.gateway.name}`;
  const orSay = 'say route-hostname in the ConfigMap';
  if (gateway === undefined || gateway.state === 'missing')
    return { what: `${at} not found`, fix: `create it, or correct ${named}` };
  if (gateway.state === 'unknown')
    return { what: `no host is known for the route, because ${gateway.why}`, fix: orSay };
  const what = `listener '${section ?? ''}' of ${at} is not one for every host of a domain, so that no host follows for the route`;
  return { what, fix: `${orSay}, or section-name` };
}

/** Somebody who was asked did not answer this time, and may the next. */
export function isUnanswered({ extension, gateway }: ExtensionFound): boolean {
  return [extension, gateway].some((one) => one?.state === 'unknown' && one.isPassing === true);
}

/** Where clients reach the MCP gateway. */
export function publicUrlThrough({ extension, gateway }: ExtensionFound): PublicUrl {
  if (extension.state !== 'found') return { type: 'unknown', why: 'its MCPGatewayExtension is not known' };
  const { section, publicHost } = extension;
  const listener = listenerOf(gateway, section);
  if (listener === undefined)
    return {
      type: 'unknown',
      why: gateway?.state === 'unknown' ? gateway.why : `its Gateway has no listener '${section ?? ''}'`,
    };
  const host = [publicHost, listener.hostname].find(isHost);
  return host === undefined
    ? { type: 'unknown', why: 'neither publicHost of its MCPGatewayExtension nor its listener says one host' }
    : { type: 'known', url: urlOf(listener, host, PUBLIC_PATH) };
}
