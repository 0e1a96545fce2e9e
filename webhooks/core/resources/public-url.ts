import { oneLine } from '../engine/text.ts';
import { gatewayNameOf, hostnameIn } from '../mcpserver/gateway.ts';
import type { GatewaySettings, Listener } from '../mcpserver/gateway.ts';
import { isSubdomain } from '../mcpserver/kubernetes-names.ts';
import { isRecord, present } from '../mcpserver/record.ts';

/** What is known of the Gateway that a route names. */
export type GatewayState =
  | ({ readonly state: 'found' } & GatewaySeen)
  | { readonly state: 'missing' }
  /** `why`: a clause. `isPassing`: it was not told this time, and may be the next. */
  | { readonly state: 'unknown'; readonly why: string; readonly isPassing?: true };

export interface GatewaySeen {
  /** At most {@link limits} of each. */
  readonly listeners: readonly Listener[];
  readonly addresses: readonly string[];
}

/** A Gateway may have 64 listeners and 16 addresses. */
const limits = { listeners: 64, addresses: 16, text: 253 };

/** https://gateway-api.sigs.k8s.io/reference/spec/#gateway */
export const gatewaysApi = { apiVersion: 'gateway.networking.k8s.io/v1', plural: 'gateways' } as const;

/** https://gateway-api.sigs.k8s.io/reference/spec/#gateway; `raw` is whatever the API server sent. */
export function readGateway(raw: unknown): GatewaySeen {
  const listeners = listAt(raw, 'spec', 'listeners').slice(0, limits.listeners);
  const addresses = listAt(raw, 'status', 'addresses').slice(0, limits.addresses);
  return {
    listeners: listeners.flatMap((one) => listenerOf(one) ?? []),
    addresses: addresses.flatMap((one) => textOf(one, 'value') ?? []),
  };
}

function listenerOf(raw: unknown): Listener | undefined {
  const protocol = textOf(raw, 'protocol');
  const port = isRecord(raw) ? raw['port'] : undefined;
  if (protocol === undefined || typeof port !== 'number') return undefined;
  const hostname = textOf(raw, 'hostname')?.toLowerCase();
  const allowed = isRecord(raw) && isRecord(raw['allowedRoutes']) ? raw['allowedRoutes'] : {};
  return present({ name: textOf(raw, 'name'), protocol, port, hostname, from: textOf(allowed['namespaces'], 'from') });
}

function listAt(raw: unknown, part: string, field: string): readonly unknown[] {
  const of = isRecord(raw) ? raw[part] : undefined;
  const value = isRecord(of) ? of[field] : undefined;
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function textOf(raw: unknown, field: string): string | undefined {
  const value = isRecord(raw) ? raw[field] : undefined;
  return typeof value === 'string' && value !== '' ? oneLine(value, limits.text) : undefined;
}

export type PublicUrl =
  | { readonly type: 'known'; readonly url: string }
  /** The Gateway has no address yet. */
  | { readonly type: 'pending'; readonly message: string }
  /** Nobody can say which. `why`: a clause. */
  | { readonly type: 'unknown'; readonly why: string };

const defaultPorts: Readonly<Record<string, number>> = { HTTP: 80, HTTPS: 443 };

/** A route that was taken. */
interface TakenRoute {
  readonly namespace: string;
  readonly path: string;
}

/**
 * Where clients reach a route that was taken: the host that the settings say, else that of the route, else of the listener; else
 * the address of the Gateway, as the reference does, where the route takes that as a host. Scheme and port are those of the
 * listener that takes the host.
 */
export function publicUrlOf(
  settings: GatewaySettings | undefined,
  gateway: GatewayState,
  { namespace, path }: TakenRoute,
): PublicUrl {
  switch (gateway.state) {
    case 'missing':
      return { type: 'unknown', why: 'its Gateway is gone' };
    case 'unknown':
      return { type: 'unknown', why: gateway.why };
    case 'found': {
      const said = hostnameIn(settings, 'publicHostname');
      if (said !== undefined && !isHost(said)) return { type: 'unknown', why: noHost };
      const route = hostnameIn(settings, 'routeHostname');
      const isOfSame = gatewayNameOf(settings)?.namespace === namespace;
      const listener = listenerFor(gateway.listeners, { host: route, isOfSame });
      if (listener === undefined)
        return {
          type: 'unknown',
          why: 'no listener of its Gateway speaks HTTP for its host, and takes routes of its namespace',
        };
      const takes = (host: string): boolean =>
        isHost(host) && areCompatible(route, host) && areCompatible(listener.hostname, host);
      const host = [said, route, listener.hostname].find(isHost) ?? gateway.addresses.find(takes);
      if (host !== undefined) return { type: 'known', url: urlOf(listener, host, path) };
      const pattern = route ?? listener.hostname;
      return pattern === undefined
        ? { type: 'pending', message: 'its Gateway has no address yet' }
        : { type: 'unknown', why: `it has the hosts ${pattern}: say one of them as public-hostname in its ConfigMap` };
    }
  }
}

const noHost = 'public-hostname in its ConfigMap has to be a host, as mcp.example.com, without scheme, port and path';

/** A name of DNS without wildcards, or an address. */
export function isHost(text: string | undefined): text is string {
  return text !== undefined && (isSubdomain(text) || /^[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*$/i.test(text));
}

/** What an HTTPRoute can have, in lower case: the name of a host, or every one below a domain. */
export function isHostOfRoute(text: string): boolean {
  return isSubdomain(text.replace(/^\*\./, ''));
}

export function urlOf({ protocol, port }: Listener, host: string, path: string): string {
  const scheme = protocol === 'HTTPS' ? 'https' : 'http';
  const authority = host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${authority}${port === defaultPorts[protocol] ? '' : `:${port}`}${path}`;
}

/** Whether it takes HTTPRoutes; what protocols of other projects do is not known here. */
function isForHttp({ protocol }: Listener): boolean {
  return Object.hasOwn(defaultPorts, protocol);
}

/** Whether there are listeners for HTTPRoutes, and none takes this host. */
export function isTakenByNone(listeners: readonly Listener[], host: string): boolean {
  const forHttp = listeners.filter(isForHttp);
  return forHttp.length > 0 && !forHttp.some(({ hostname }) => areCompatible(hostname, host));
}

/** Of several that take the host, and may take a route of that namespace, one with TLS. */
function listenerFor(listeners: readonly Listener[], { host, isOfSame }: Wanted): Listener | undefined {
  const taking = listeners.filter(
    (one) => isForHttp(one) && areCompatible(one.hostname, host) && !shutsOut(one.from, isOfSame),
  );
  return taking.find(({ protocol }) => protocol === 'HTTPS') ?? taking[0];
}

interface Wanted {
  readonly host: string | undefined;
  /** Whether the route is in the namespace of the Gateway. */
  readonly isOfSame: boolean;
}

/** Of a selector it is not known here: one listener has taken the route, so it is taken to be any of those. */
function shutsOut(from: string | undefined, isOfSame: boolean): boolean {
  return from === 'None' || (from === 'Same' && !isOfSame);
}

/** https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec (hostnames): `*.x` takes any number of labels before `x`. */
export function areCompatible(listener: string | undefined, route: string | undefined): boolean {
  if (listener === undefined || route === undefined || listener === route) return true;
  return isWithin(listener, route) || isWithin(route, listener);
}

function isWithin(wildcard: string, host: string): boolean {
  return wildcard.startsWith('*.') && host.endsWith(wildcard.slice(1));
}
