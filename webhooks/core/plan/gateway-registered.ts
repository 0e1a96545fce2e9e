import { denialBy } from '../engine/denial-by.ts';
import { gatewaySettingsOf } from '../engine/facts.ts';
import type { ReferenceFacts } from '../engine/facts.ts';
import type { Finding } from '../engine/finding.ts';
import { isSameJson } from '../engine/canonical-json.ts';
import { oneLine } from '../engine/text.ts';
import {
  extensionNameOf,
  gatewayNameOf,
  hostnameIn,
  HTTP_ROUTE_PROVIDER,
  isOfKuadrant,
  isRouted,
  KUADRANT_PROVIDER,
  neededGatewayKeys,
  PUBLISHING_RULE,
} from '../mcpserver/gateway.ts';
import type { GatewayName, GatewaySettings } from '../mcpserver/gateway.ts';
import { gatewayBindingName, namespaceOf, pathOf } from '../mcpserver/names.ts';
import { present } from '../mcpserver/record.ts';
import type { GatewayOffer, MCPServerStatus } from '../mcpserver/types.gen.ts';
import { announcementOf } from '../resources/gateway-announcement.ts';
import { GATEWAY_REGISTERED, gatewayAsking } from '../resources/gateway-asking.ts';
import { isUnanswered, publicUrlThrough, whyNoGateway } from '../resources/gateway-extension.ts';
import type { ExtensionFound } from '../resources/gateway-extension.ts';
import { httpRoute } from '../resources/http-route.ts';
import { mcpGatewayBinding } from '../resources/mcp-gateway-binding.ts';
import { mcpServerRegistration } from '../resources/mcp-server-registration.ts';
import { isAsked, lackOf, stateOf, whatStaysOf } from '../resources/optional-kind.ts';
import type { OptionalKind } from '../resources/optional-kind.ts';
import { PROTECTED_RESOURCE } from '../resources/published-paths.ts';
import { publicUrlOf } from '../resources/public-url.ts';
import type { GatewayState } from '../resources/public-url.ts';
import { maxSaidLength, providerAsRead } from '../resources/registration.ts';
import type { Registration, SaidOfBinding } from '../resources/registration.ts';
import { problemsOf } from './child-problem.ts';
import { conditionOf, sayAgain, WAITING } from './condition.ts';
import type { Said } from './condition.ts';
import type { ObservedChild } from './observed.ts';
import { isOurs } from './optional-conditions.ts';
import type { OptionalInput } from './optional-conditions.ts';
import { offerOf, sayOffered, whyNotOffered } from './offered-tools.ts';
import type { Offered } from './offered-tools.ts';
import { servedAddressOf } from './served-address.ts';
import { whyUnlooked } from './unlooked-route.ts';

/** How long whoever registers a server may take to say something, in milliseconds, before it is taken that nobody does. */
const patienceMs = 30_000;

/** When to look again: at a Gateway without an address, at one that has one or that nobody runs, and for what could not be read. */
const lookMs = { toPending: 10_000, toGateway: 300_000, toUnread: 30_000 };

/** Cause of the condition of a server whose route is taken by a Gateway without an address. */
const PENDING = 'pending';

/** Cause of the condition of a server of whose route nobody has said anything. */
const SILENT = 'silent';

/** How the cause begins of a server of which its broker has said that it cannot be used. */
const NOT_OFFERED = 'not offered';

export interface GatewayInput extends OptionalInput {
  readonly facts: ReferenceFacts;
  /** Of the rules. */
  readonly findings?: readonly Finding[];
  /** Default: the usual one. */
  readonly clusterDomain?: string;
  /** What the route names, where it was taken, or where no controller has said anything of it for long; absent: nobody looked. */
  readonly gateway?: GatewayState | undefined;
  /** What leads to that, with the provider of Kuadrant; absent: nobody looked. */
  readonly through?: ExtensionFound | undefined;
  /** What its broker offers of the server; absent: it has not said so yet. */
  readonly offered?: Offered | undefined;
  /** Who else has a route that takes the same; absent: nobody. */
  readonly rival?: RouteRival | undefined;
  /** What announces it to the gateway, as `decide` says; absent: nothing. */
  readonly announcedBy?: string | undefined;
  /** Whether it has answered somebody without credentials; default: nobody knows. */
  readonly isOpen?: boolean;
  /** Milliseconds since 1970: the moment that `now` is. */
  readonly nowMs: number;
  /** RFC 3339. */
  readonly now: string;
}

/** A server with the same host and path at the same Gateway, or for ingress controllers. Its name is told in its own namespace only, and not one of very many. */
export type RouteRival = { readonly name: string } | 'several' | 'elsewhere';

/** What there is to say of a server that asks for a gateway. */
export interface GatewayReport {
  readonly said: Said;
  /** For status.gatewayBinding. */
  readonly binding?: { readonly name: string; readonly provider: string };
  /** Where clients reach the server through the gateway. */
  readonly url?: string;
  /** What the gateway offers of it, for status.extensions.gateway. */
  readonly offer?: GatewayOffer;
  /** In milliseconds; absent: somebody tells. */
  readonly lookAgainMs?: number;
  /** What the binding has to say, of a provider in this tree, and does not say yet. */
  readonly writes?: BindingStatus;
}

/** The status of an MCPGatewayBinding. */
export interface BindingStatus {
  readonly uid: string;
  readonly name: string;
  readonly status: { readonly url?: string; readonly conditions: readonly object[] };
}

/** Reasons of the condition Registered, those of the reference API. */
type BindingReason =
  'GatewayRegistered' | 'GatewayNotRegistered' | 'RouteNotAccepted' | 'RegistrationNotReady' | 'PublicAddressPending';

interface Verdict extends Omit<Said, 'type'> {
  readonly url?: string;
  readonly offer?: GatewayOffer;
  readonly lookAgainMs?: number;
  /** Of a provider in this tree; absent: it is for others to say, or there is nothing new to say. */
  readonly ofBinding?: BindingReason;
}

/** Undefined for a server that asks for no gateway. */
export function decideGateway(input: GatewayInput): GatewayReport | undefined {
  const { server } = input;
  if (server.spec.gateway === undefined) return undefined;
  const binding = ourChild(mcpGatewayBinding.kind, input);
  const verdict = verdictOf(input, binding);
  const { status, reason, message, cause, generation, url, offer, lookAgainMs } = verdict;
  return present({
    said: { type: GATEWAY_REGISTERED, ...present({ status, reason, message, cause, generation }) },
    binding: nameOf(binding) ?? bindingBefore(input),
    url,
    offer,
    lookAgainMs,
    writes: binding === undefined || isOnItsWayOut(binding, input) ? undefined : statusToWrite(verdict, binding, input),
  });
}

/** What the registration was said to be, where nothing was brought about. */
export function registrationBefore(
  status: MCPServerStatus | undefined,
): Pick<GatewayReport, 'url' | 'offer'> & Pick<MCPServerStatus, 'gatewayBinding'> {
  const { gatewayBinding, address, extensions } = status ?? {};
  const isRegistered = conditionOf(status, GATEWAY_REGISTERED)?.status === 'True';
  // What is not registered any more may be routed still.
  const isPublic = extensions?.clusterURL === undefined ? isRegistered : address?.url !== extensions.clusterURL;
  return present({ gatewayBinding, url: isPublic ? address?.url : undefined, offer: extensions?.gateway });
}

function verdictOf(input: GatewayInput, binding: ObservedChild | undefined): Verdict {
  const state = stateOf(mcpGatewayBinding, input.apis);
  if (state === 'unknown') return asBefore(input);
  const lacking = lackAs(mcpGatewayBinding, input);
  if (lacking !== undefined) return lacking;
  const [problem] = problemsOf(input.outcomes.filter(({ action }) => isForGateway(action.of)));
  if (problem !== undefined) return { status: 'False', ...problem, ...(isByRoute(input) ? whatStays(input) : {}) };
  if (binding?.registration === undefined || isOnItsWayOut(binding, input)) return withoutBinding(input, binding);
  const { provider = '' } = input.server.spec.gateway ?? {};
  if (announcementOf(input.server) !== undefined) return announced(input);
  return isByRoute(input) ? byRoute(input) : byProvider(binding.registration, provider, input);
}

/** There is none yet of its provider. One that a policy does not let be made is not waited for. */
function withoutBinding(input: GatewayInput, binding: ObservedChild | undefined): Verdict {
  const refusal = denialBy(PUBLISHING_RULE, input.findings);
  if (refusal !== undefined) {
    const isThere = (ourChild(httpRoute.kind, input) ?? binding) !== undefined || input.announcedBy !== undefined;
    return { ...refused(refusal, isThere), ...(isByRoute(input) ? whatStays(input) : {}) };
  }
  if (binding?.registration !== undefined) return untilGone(binding.registration, input);
  return { ...notRegistered('MCPGatewayBinding not found', WAITING), reason: 'BindingNotFound' };
}

/** Where the feature is off, somebody else may have taken that name. */
function isByRoute({ server, apis }: GatewayInput): boolean {
  const needed = isOfKuadrant(server) ? [httpRoute, mcpServerRegistration] : [httpRoute];
  return isRouted(server) && needed.every((of) => stateOf(of, apis) !== 'off');
}

/** The route that is wanted could not be brought about, or nobody says which; the one that was taken leads where it led. */
function whatStays(input: GatewayInput): Pick<Verdict, 'url' | 'ofBinding'> {
  const { state = 'none' } = ourChild(httpRoute.kind, input)?.registration?.answer ?? {};
  const isRouted = state === 'yes' || state === 'stale';
  const { url } = isRouted ? registrationBefore(input.server.status) : {};
  return { ofBinding: 'GatewayNotRegistered', ...present({ url }) };
}

/** What stands in it is of a registration that is over, and it is for whoever made that to end it. */
function isOnItsWayOut({ isDeleting, registration }: ObservedChild, { server }: GatewayInput): boolean {
  return isDeleting || registration?.provider !== providerAsRead(server.spec.gateway?.provider ?? '');
}

function untilGone(registration: Registration, input: GatewayInput): Verdict {
  const { provider = '', finalizers } = registration;
  const message = `Waiting for the MCPGatewayBinding of provider '${provider}' to go`;
  const kept = finalizers === undefined ? '' : `: whoever set its finalizers (${finalizers}) has to take them away`;
  const remainingMs = remainingPatienceMs(registration, input);
  const isNews = finalizers !== undefined && remainingMs <= 0;
  return {
    ...notRegistered(`${message}${kept}`, isNews ? 'kept' : WAITING),
    ...(remainingMs > 0 ? { lookAgainMs: remainingMs } : {}),
  };
}

/** Nobody answers: that it is said is all that can be known of it here. */
function announced(input: GatewayInput): Verdict {
  const { announcedBy } = input;
  const refusal = denialBy(PUBLISHING_RULE, input.findings);
  if (announcedBy === undefined)
    return {
      ...(refusal === undefined ? notRegistered('Waiting for the announcement', WAITING) : refused(refusal, false)),
      ofBinding: 'GatewayNotRegistered',
    };
  const besides = `the server is announced to it by ${announcedBy}; whether it was found is for the gateway to say`;
  return { ...registered(input, { besides }), ofBinding: 'GatewayRegistered' };
}

/** A controller of another project, which speaks by the binding. */
function byProvider(registration: Registration, provider: string, input: GatewayInput): Verdict {
  const { answer, url } = registration;
  // It was ours until the feature was switched off: nobody looks any more whether it is so.
  if (registration.isSaidByUs === true)
    return { ...unansweredBy(provider, registration, input), ofBinding: 'GatewayNotRegistered' };
  switch (answer.state) {
    case 'yes': {
      if (url === undefined) return registered(input, {});
      return isUrl(url)
        ? registered(input, { url })
        : registered(input, { besides: 'status.url of its MCPGatewayBinding is no http or https URL' });
    }
    case 'no': {
      const { message, reason } = answer;
      return notRegistered(
        `Gateway provider '${provider}' has not registered the server: ${message} (${reason})`,
        `no ${reason}`,
      );
    }
    case 'none':
    case 'stale':
      return unansweredBy(provider, registration, input);
  }
}

function unansweredBy(provider: string, registration: Registration, input: GatewayInput): Verdict {
  const remainingMs = remainingPatienceMs(registration, input);
  if (remainingMs > 0) {
    const message = `Waiting for gateway provider '${provider}' to register the server`;
    return { ...notRegistered(message, WAITING), lookAgainMs: remainingMs };
  }
  const feature = features.get(provider);
  const orSwitchOn =
    feature === undefined ? '' : `set ${feature}.enabled=true in the values of the mcp-lifecycle chart, `;
  const fix = `${orSwitchOn}install a controller that watches MCPGatewayBindings of that provider, or correct spec.gateway.provider`;
  const stays =
    registration.isSaidByUs === true ? '; a route of mcp-lifecycle that is there stays until somebody deletes it' : '';
  return notRegistered(
    `No controller has answered for gateway provider '${provider}' in 30 s: ${fix}${stays}`,
    'silent',
  );
}

/** By provider: what makes it ours. */
const features: ReadonlyMap<string, string> = new Map(
  [[HTTP_ROUTE_PROVIDER, httpRoute] as const, [KUADRANT_PROVIDER, mcpServerRegistration] as const].flatMap(
    ([provider, { requirement }]) => (requirement === 'required' ? [] : [[provider, requirement.feature] as const]),
  ),
);

/** Ours: the gateway speaks by the route. */
function byRoute(input: GatewayInput): Verdict {
  const needed = isOfKuadrant(input.server) ? [httpRoute, mcpServerRegistration] : [httpRoute];
  if (needed.some((of) => stateOf(of, input.apis) === 'unknown')) return asBefore(input);
  const lacking = needed.map((of) => lackAs(of, input)).find((lack) => lack !== undefined);
  if (lacking !== undefined) return { ...lacking, ofBinding: 'GatewayNotRegistered' };
  const route = ourChild(httpRoute.kind, input);
  const refusal = denialBy(PUBLISHING_RULE, input.findings);
  if (refusal !== undefined) return { ...refused(refusal, route !== undefined), ...whatStays(input) };
  const settings = settingsOf(input, route);
  if (settings.type === 'unknown') return { ...asBefore(input), lookAgainMs: lookMs.toUnread };
  if (settings.type === 'incomplete')
    return {
      ...{ ...notRegistered(settings.message, 'settings'), ...whatStays(input) },
      ...(input.through === undefined ? {} : { lookAgainMs: lookMs.toUnread }),
    };
  if (route?.registration === undefined)
    return { ...notRegistered('Waiting for the HTTPRoute', WAITING), ofBinding: 'GatewayNotRegistered' };
  return byGateway(input, { registration: route.registration, name: route.name, parent: settings.parent });
}

/** `isThere`: something publishes it. */
function refused({ ruleId, headline, detail }: Finding, isThere: boolean): Verdict {
  const stays = isThere ? '; what is routed stays as it is' : '';
  return notRegistered(`The policy does not let it be published: ${headline}, ${detail} [${ruleId}]${stays}`, ruleId);
}

interface Route {
  readonly registration: Registration;
  readonly name: string;
  readonly parent: GatewayName;
}

function byGateway(input: GatewayInput, { registration, name, parent }: Route): Verdict {
  const { answer } = registration;
  const gateway = `Gateway ${parent.namespace}/${parent.name}`;
  switch (answer.state) {
    case 'yes':
      return taken(input, gateway);
    case 'no': {
      const { reason, message } = answer;
      const words = `${gateway} does not take HTTPRoute ${name}: ${message} (${reason})${remedyFor(reason, parent, input)}`;
      return { ...notRegistered(words, `no ${reason}`), ofBinding: 'RouteNotAccepted' };
    }
    case 'none':
    case 'stale': {
      const remainingMs = remainingPatienceMs(registration, input);
      // What was taken is routed until the gateway has looked at the change.
      if (remainingMs > 0 && answer.state === 'stale' && wasRegistered(input))
        return { ...asBefore(input), lookAgainMs: remainingMs };
      if (remainingMs > 0) {
        const message = `Waiting for ${gateway} to look at HTTPRoute ${name}`;
        return { ...notRegistered(message, WAITING), lookAgainMs: remainingMs, ofBinding: 'GatewayNotRegistered' };
      }
      return unlooked(input, name, parent);
    }
  }
}

function unlooked(input: GatewayInput, name: string, parent: GatewayName): Verdict {
  const { server, facts, gateway } = input;
  // What was found out of the Gateway stays said where nobody tells this time.
  const wasSaid = server.status?.extensions?.causes?.[GATEWAY_REGISTERED] === SILENT;
  if (isUnsaid(input) && wasSaid) return { ...asBefore(input), lookAgainMs: lookMs.toUnread };
  const host = isOfKuadrant(server) ? undefined : hostnameIn(gatewaySettingsOf(server, facts), 'routeHostname');
  const words = `No gateway controller has looked at HTTPRoute ${name} in 30 s: ${whyUnlooked(parent, gateway, host)}`;
  return { ...notRegistered(words, SILENT), lookAgainMs: lookMs.toGateway, ofBinding: 'GatewayNotRegistered' };
}

/** Nobody said this time what the Gateway is. */
function isUnsaid({ gateway, through }: GatewayInput): boolean {
  if (through !== undefined) return isUnanswered(through);
  return gateway?.state === 'unknown' && gateway.isPassing === true;
}

/** It was taken; where that is. */
function reached(input: GatewayInput, gateway: string): Verdict {
  const found = publicUrl(input);
  switch (found.type) {
    case 'known':
      return {
        ...registered(input, { url: found.url }),
        ...{ lookAgainMs: lookMs.toGateway, ofBinding: 'GatewayRegistered' },
      };
    case 'unknown': {
      const besides = `where clients reach it is not known: ${found.why}`;
      const lookAgainMs = isUnsaid(input) ? lookMs.toUnread : lookMs.toGateway;
      return { ...registered(input, { besides }), lookAgainMs, ofBinding: 'GatewayRegistered' };
    }
    case 'pending': {
      const words = `${gateway} takes the route, and clients cannot know where: ${found.message}; set public-hostname in the ConfigMap, or wait`;
      return { ...notRegistered(words, PENDING), lookAgainMs: lookMs.toPending, ofBinding: 'PublicAddressPending' };
    }
  }
}

function taken(input: GatewayInput, gateway: string): Verdict {
  // It is routed as it was; clients that are told another address for as long as nobody answers gain nothing.
  if (isUnsaid(input) && wasTaken(input)) return { ...asBefore(input), lookAgainMs: lookMs.toUnread };
  return isOfKuadrant(input.server) ? (untilRegistered(input) ?? offeredAt(input, gateway)) : reached(input, gateway);
}

/** Registered is what its controller has written down; what the gateway does with it tells its broker. */
function offeredAt(input: GatewayInput, gateway: string): Verdict {
  const verdict = reached(input, gateway);
  const { offered } = input;
  const why = whyNotOffered(offered);
  if (why === undefined) return verdict;
  // A new broker, or a new leader of ours, has not said anything yet.
  if (offered === undefined && (wasRegistered(input) || wasNotOffered(input))) return asBefore(input);
  const { registration } = ourChild(mcpServerRegistration.kind, input) ?? {};
  const remainingMs = registration === undefined ? 0 : remainingPatienceMs(registration, input);
  const cause = offered === undefined || remainingMs > 0 ? WAITING : `${NOT_OFFERED} ${offered.state}`;
  const { lookAgainMs = Infinity } = verdict;
  return {
    ...{ ...verdict, ...notRegistered(why, cause), ofBinding: 'RegistrationNotReady' },
    ...(remainingMs > 0 ? { lookAgainMs: Math.min(lookAgainMs, remainingMs) } : {}),
  };
}

/** Of the route that a gateway has taken, what its MCPServerRegistration waits for; undefined where it waits for nothing. */
function untilRegistered(input: GatewayInput): Verdict | undefined {
  const found = ourChild(mcpServerRegistration.kind, input);
  const ofBinding = 'RegistrationNotReady';
  if (found?.registration === undefined || found.isDeleting) {
    const what = found === undefined ? 'the MCPServerRegistration' : `MCPServerRegistration ${found.name} to go`;
    return { ...notRegistered(`Waiting for ${what}`, WAITING), ofBinding };
  }
  const { answer } = found.registration;
  const named = `MCPServerRegistration ${found.name}`;
  switch (answer.state) {
    case 'yes':
      return undefined;
    case 'no': {
      const { reason, message } = answer;
      const fix = reason === 'PrefixConflict' ? '; say another prefix in the ConfigMap' : '';
      const words = `The MCP gateway does not take ${named}: ${message} (${reason})${fix}`;
      return { ...notRegistered(words, `no ${reason}`), ofBinding };
    }
    case 'none':
    case 'stale':
      return { ...unanswered(named, found.registration, input), ofBinding };
  }
}

function unanswered(named: string, registration: Registration, input: GatewayInput): Verdict {
  const lookAgainMs = remainingPatienceMs(registration, input);
  if (lookAgainMs <= 0) {
    const words = `Nobody has looked at ${named} in 30 s: see whether the controller of the MCP gateway runs`;
    return notRegistered(words, 'silent');
  }
  if (wasRegistered(input)) return { ...asBefore(input), lookAgainMs };
  return { ...notRegistered(`Waiting for the MCP gateway to look at ${named}`, WAITING), lookAgainMs };
}

function publicUrl(input: GatewayInput): ReturnType<typeof publicUrlOf> {
  if (input.through !== undefined) return publicUrlThrough(input.through);
  const { server, facts, clusterDomain, gateway = { state: 'unknown', why: 'its Gateway was not looked up' } } = input;
  const path = servedAddressOf(server, clusterDomain)?.path ?? pathOf(server);
  return publicUrlOf(gatewaySettingsOf(server, facts), gateway, { namespace: namespaceOf(server), path });
}

/** What its author, or the owner of the Gateway, can do; the words of a gateway say what is wrong, and mostly not that. */
function remedyFor(reason: string, { namespace, name }: GatewayName, { server }: GatewayInput): string {
  const { configRef = '' } = server.spec.gateway ?? {};
  const remedies: Readonly<Record<string, string>> = {
    NotAllowedByListeners: `let a listener of Gateway ${namespace}/${name} admit routes of namespace ${namespaceOf(server)} (allowedRoutes)`,
    NoMatchingListenerHostname: `choose a route-hostname in ConfigMap '${configRef}' that a listener of the Gateway has`,
    NoMatchingParent: `correct gateway-name and gateway-namespace in ConfigMap '${configRef}'`,
    RefNotPermitted: 'allow the reference with a ReferenceGrant in the namespace of what it names',
    RuleMatchConflict: 'another route has the same host and path: give the server a path or a host of its own',
    BackendNotFound: 'see whether the Service of the server is there',
  };
  const remedy = Object.hasOwn(remedies, reason) ? remedies[reason] : undefined;
  return remedy === undefined ? '' : `; ${remedy}`;
}

type Settings =
  | { readonly type: 'complete'; readonly parent: GatewayName }
  | { readonly type: 'incomplete'; readonly message: string }
  | { readonly type: 'unknown' };

function settingsOf(input: GatewayInput, route: ObservedChild | undefined): Settings {
  const { server, facts } = input;
  const { configRef = '' } = server.spec.gateway ?? {};
  const keys = neededGatewayKeys(server);
  const incomplete = (what: string, fix: string): Settings => {
    const stays = route === undefined ? '' : '; what is routed stays as it is';
    return { type: 'incomplete', message: `${what}: ${fix}${stays}` };
  };
  if (configRef === '')
    return incomplete('spec.gateway.configRef is not set', `name a ConfigMap with the keys ${keys.join(' and ')}`);
  const found = facts.lookUp('ConfigMap', configRef);
  if (found.state === 'unknown') return { type: 'unknown' };
  if (found.state === 'missing')
    return incomplete(`ConfigMap '${configRef}' not found`, `create it with the keys ${keys.join(' and ')}`);
  const parent = gatewayNameOf(found.settings);
  if (parent !== undefined) return { type: 'complete', parent };
  return whatIsMissing(input, found.settings, incomplete);
}

/** Of a ConfigMap that is there, and names no Gateway. */
function whatIsMissing(
  { server, through }: GatewayInput,
  settings: GatewaySettings | undefined,
  incomplete: (what: string, fix: string) => Settings,
): Settings {
  const { configRef = '' } = server.spec.gateway ?? {};
  const keys = neededGatewayKeys(server);
  const missing = keys.filter((key) => (settings?.get(key)?.trim() ?? '') === '');
  const what = isOfKuadrant(server) ? 'MCPGatewayExtension' : 'Gateway';
  if (missing.length > 0)
    return incomplete(`ConfigMap '${configRef}' says nothing under ${missing.join(' and ')}`, `name the ${what} there`);
  if (!isOfKuadrant(server) || extensionNameOf(settings) === undefined)
    return incomplete(
      `no ${what} can be called what ConfigMap '${configRef}' says under ${keys.join(' and ')}`,
      'correct it',
    );
  if (through === undefined || settings === undefined || isUnanswered(through)) return { type: 'unknown' };
  const why = whyNoGateway(settings, through);
  return why === undefined ? { type: 'unknown' } : incomplete(why.what, why.fix);
}

/** Whether it makes a difference what the Gateway is: the route was taken, or nobody has said anything of it for long. */
export function asksForGateway(registration: Registration, time: Pick<GatewayInput, 'nowMs'>): boolean {
  const { state } = registration.answer;
  return state === 'yes' || (state !== 'no' && remainingPatienceMs(registration, time) <= 0);
}

/** Until it is taken that nobody answers. Where nobody knows since when it is what it is, nobody has had the time. */
function remainingPatienceMs({ appliedAt }: Registration, { nowMs }: Pick<GatewayInput, 'nowMs'>): number {
  const since = Date.parse(appliedAt ?? '');
  // The clock of an API server may be ahead of ours, and is no reason to wait for ever.
  return Number.isNaN(since) ? 0 : Math.min(patienceMs, since + patienceMs - nowMs);
}

function registered(
  input: GatewayInput,
  { url, besides }: { readonly url?: string; readonly besides?: string },
): Verdict {
  const { server, findings, isOpen = false, rival, offered } = input;
  const open = isOpen
    ? 'the server answers without credentials, so whoever the gateway lets through can call its tools'
    : undefined;
  const said = [
    'Gateway integration is active',
    sayOffered(offered),
    besides,
    sayRival(rival),
    sayLeftOut(input),
    denialBy(PUBLISHING_RULE, findings) &&
      `the policy does not list it, so what is published stays as it is [${PUBLISHING_RULE}]`,
    gatewayAsking.caveat(server),
    open,
  ];
  const words = said.filter((word) => word !== undefined);
  const more = present({ url, offer: offerOf(offered) });
  return { status: 'True', reason: 'GatewayRegistered', message: words.join('; '), ...more };
}

/** With what it has to follow. */
export function whoRivals(rival: RouteRival): string {
  return typeof rival === 'object' ? `MCPServer '${rival.name}' has` : unnamed[rival];
}

const unnamed = {
  several: 'many other servers of this namespace have',
  elsewhere: 'a server of another namespace has',
};

/** Which of two routes is older is for the gateway to say, which looks at more than that. */
function sayRival(rival: RouteRival | undefined): string | undefined {
  if (rival === undefined) return undefined;
  return `${whoRivals(rival)} the same host and path at this Gateway, and calls go to the older route: give each a path or a host of its own`;
}

/** Gateways do not say which rule it is. */
function sayLeftOut(input: GatewayInput): string | undefined {
  const { answer } = (isByRoute(input) ? ourChild(httpRoute.kind, input)?.registration : undefined) ?? {};
  if (answer?.state !== 'yes' || answer.leftOut === undefined) return undefined;
  return `the gateway leaves a part of the route out, mostly ${PROTECTED_RESOURCE}, which the oldest server of a host has: ${answer.leftOut}`;
}

function notRegistered(message: string, cause: string): Verdict {
  return { status: 'False', reason: 'GatewayNotRegistered', message, cause };
}

function lackAs(of: OptionalKind | typeof httpRoute, input: GatewayInput): Verdict | undefined {
  if (!isAsked(of)) return undefined;
  const lack = lackOf(of, stateOf(of, input.apis));
  if (lack === undefined) return undefined;
  const { status, reason, what, fix } = lack;
  const stays = [...(lack.stays === undefined ? [] : [lack.stays]), ...whatIsLeft(input)];
  const effect = stays.length === 0 ? lack.effect : 'is not followed';
  return { status, reason, message: [`spec.gateway ${effect}: ${what}`, fix, ...stays].join('; '), cause: of.kind };
}

/** Of a server that nothing more is done for: a clause each. */
function whatIsLeft(input: GatewayInput): readonly string[] {
  const { announcedBy } = input;
  const route = ourChild(httpRoute.kind, input);
  return [
    route === undefined ? [] : [`HTTPRoute ${route.name} stays, with what it routes, until somebody deletes it`],
    [httpRoute, mcpServerRegistration].filter((of) => isUnseen(of, input)).map(({ kind }) => whatStaysOf(kind)),
    announcedBy === undefined ? [] : [`it stays announced by ${announcedBy}, until spec.gateway is removed`],
  ].flat();
}

/** Whether there may be one that the server asks for, of a kind that is switched off. */
function isUnseen(of: OptionalKind | typeof httpRoute, { server, apis }: GatewayInput): boolean {
  return isAsked(of) && of.requirement.asking.isAskedFor(server) && stateOf(of, apis) === 'off';
}

/** Nothing new is known, as in the first moments after a start: what was said stays, and so does the address. */
function asBefore({ server: { status } }: GatewayInput): Verdict {
  const before = conditionOf(status, GATEWAY_REGISTERED);
  if (before === undefined)
    return { status: 'Unknown', reason: 'NotChecked', message: 'Waiting until the registration can be looked up' };
  const cause = status?.extensions?.causes?.[GATEWAY_REGISTERED];
  const { url, offer } = registrationBefore(status);
  return { ...sayAgain(before), ...present({ cause, url, offer }) };
}

function wasRegistered({ server }: GatewayInput): boolean {
  return conditionOf(server.status, GATEWAY_REGISTERED)?.status === 'True';
}

function wasNotOffered({ server }: GatewayInput): boolean {
  return server.status?.extensions?.causes?.[GATEWAY_REGISTERED]?.startsWith(NOT_OFFERED) === true;
}

/** Also of a server at a Gateway that had no address. */
function wasTaken(input: GatewayInput): boolean {
  return wasRegistered(input) || input.server.status?.extensions?.causes?.[GATEWAY_REGISTERED] === PENDING;
}

function isForGateway({ requirement }: { readonly requirement: OptionalKind['requirement'] | 'required' }): boolean {
  return requirement !== 'required' && requirement.asking?.condition === GATEWAY_REGISTERED;
}

function ourChild(wanted: string, { server, children }: GatewayInput): ObservedChild | undefined {
  const name = gatewayBindingName(server);
  return children.find((child) => child.kind === wanted && child.name === name && isOurs(child.controller, server));
}

function nameOf(binding: ObservedChild | undefined): GatewayReport['binding'] {
  const provider = binding?.registration?.provider;
  return binding === undefined || provider === undefined ? undefined : { name: binding.name, provider };
}

function bindingBefore({ server: { status }, apis }: GatewayInput): GatewayReport['binding'] {
  const { name, provider } = status?.gatewayBinding ?? {};
  const isKnown = stateOf(mcpGatewayBinding, apis) !== 'unknown';
  return isKnown || name === undefined || provider === undefined ? undefined : { name, provider };
}

/** Undefined where the binding says so already, or where it is not for us to say. */
function statusToWrite(
  { status, message, url, ofBinding, cause }: Verdict,
  { registration, uid, name }: ObservedChild,
  { now }: GatewayInput,
): BindingStatus | undefined {
  if (registration === undefined || ofBinding === undefined) return undefined;
  const { said, generation = 1 } = registration;
  if (cause === WAITING && said === undefined) return undefined;
  const lastTransitionTime = said?.status === status ? said.lastTransitionTime : now;
  const words = { status, reason: ofBinding, message: oneLine(message, maxSaidLength) };
  const saying: SaidOfBinding = { ...words, observedGeneration: generation, lastTransitionTime };
  if (registration.url === url && said !== undefined && isSameJson(said, saying)) return undefined;
  return { uid, name, status: { ...present({ url }), conditions: [{ type: 'Registered', ...saying }] } };
}

function isUrl(text: string): boolean {
  return /^https?:\/\/[\x21-\x7e]+$/i.test(text);
}
