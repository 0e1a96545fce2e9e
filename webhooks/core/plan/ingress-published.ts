import { denialBy } from '../engine/denial-by.ts';
import type { Finding } from '../engine/finding.ts';
import { pathOf } from '../mcpserver/names.ts';
import { present } from '../mcpserver/record.ts';
import { GATEWAY_REGISTERED } from '../resources/gateway-asking.ts';
import { ingress, INGRESS_PUBLISHED, INGRESS_RULE, ingressCaveat, ingressOf } from '../resources/ingress.ts';
import { isAsked, stateOf } from '../resources/optional-kind.ts';
import type { Registration } from '../resources/registration.ts';
import { conditionOf, WAITING } from './condition.ts';
import type { Said } from './condition.ts';
import { whoRivals } from './gateway-registered.ts';
import type { RouteRival } from './gateway-registered.ts';
import type { ObservedChild } from './observed.ts';
import { isOurs, sayOptional } from './optional-conditions.ts';
import type { OptionalInput } from './optional-conditions.ts';
import { servedAddressOf } from './served-address.ts';

/** How long an ingress controller may take to say where it takes calls, in milliseconds, before it is taken that none does. */
const patienceMs = 30_000;

export interface IngressInput extends OptionalInput {
  /** Of the rules. */
  readonly findings?: readonly Finding[];
  /** Default: the usual one. */
  readonly clusterDomain?: string;
  /** Whether it has answered somebody without credentials; default: nobody knows. */
  readonly isOpen?: boolean;
  /** Who else has an Ingress that takes the same; absent: nobody. */
  readonly rival?: RouteRival | undefined;
}

export interface IngressReport {
  readonly said: Said;
  /** Where clients reach the server through an ingress controller that has taken it. */
  readonly url?: string;
  /** In milliseconds; absent: somebody tells. */
  readonly lookAgainMs?: number;
}

/** Undefined for a server that asks for no Ingress. */
export function decideIngress(input: IngressInput): IngressReport | undefined {
  const settings = ingressOf(input.server);
  if (settings === undefined || !isAsked(ingress)) return undefined;
  const said = sayOptional(ingress, input);
  if (stateOf(ingress, input.apis) === 'unknown') return present({ said, url: urlBefore(input) });
  const standing = input.children.find(
    ({ kind, controller }) => kind === ingress.kind && isOurs(controller, input.server),
  );
  const url = standing?.registration === undefined ? undefined : urlOf(standing.registration, input);
  const refusal = denialBy(INGRESS_RULE, input.findings);
  if (refusal !== undefined && stateOf(ingress, input.apis) === 'served')
    return present({ said: notAllowed(refusal, standing), url });
  // What could not be changed leads where it led.
  if (said.status !== 'True' || standing?.registration === undefined) return present({ said, url });
  return url === undefined
    ? notTaken(standing, standing.registration, input)
    : { said: published(standing.name, url, input), url };
}

function urlOf({ answer, url }: Registration, input: IngressInput): string | undefined {
  return answer.state === 'yes' && url !== undefined ? `${url}${servedPath(input)}` : undefined;
}

/** As in the first moments after a start: nobody has seen the Ingress yet, and clients gain nothing from another address. */
function urlBefore({ server: { status } }: IngressInput): string | undefined {
  const wasPublished = conditionOf(status, INGRESS_PUBLISHED)?.status === 'True';
  // With both the address is that of the gateway.
  const isOfGateway = conditionOf(status, GATEWAY_REGISTERED)?.status === 'True';
  const { address, extensions } = status ?? {};
  const isPublic = address?.url !== extensions?.clusterURL;
  return wasPublished && isPublic && !isOfGateway ? address?.url : undefined;
}

function servedPath({ server, clusterDomain }: IngressInput): string {
  return servedAddressOf(server, clusterDomain)?.path ?? pathOf(server);
}

function notAllowed({ ruleId, headline, detail }: Finding, standing: ObservedChild | undefined): Said {
  const stays = standing === undefined ? '' : '; what is published stays as it is';
  const message = `The policy does not let it be published: ${headline}, ${detail} [${ruleId}]${stays}`;
  return { type: INGRESS_PUBLISHED, status: 'False', reason: 'IngressNotAllowed', message, cause: ruleId };
}

function published(name: string, url: string, { server, rival, isOpen = false }: IngressInput): Said {
  const open = isOpen ? 'the server answers without credentials, so whoever reaches it can call its tools' : undefined;
  const words = [`Ingress ${name} has an address; its URL is ${url}`, sayRival(rival), ingressCaveat(server), open];
  const message = words.filter((word) => word !== undefined).join('; ');
  return { type: INGRESS_PUBLISHED, status: 'True', reason: 'Published', message };
}

function sayRival(rival: RouteRival | undefined): string | undefined {
  if (rival === undefined) return undefined;
  return `${whoRivals(rival)} an Ingress of this class with the same host and path, and which of them gets a call is for the ingress controller to choose: give each a path or a host of its own`;
}

/** That it is there says nothing: only whoever takes calls for it writes an address into its status. */
function notTaken(
  { name }: ObservedChild,
  { appliedAt }: Registration,
  { server, nowMs }: IngressInput,
): IngressReport {
  const since = Date.parse(appliedAt ?? '');
  // The clock of an API server may be ahead of ours, and is no reason to wait for ever.
  const remainingMs = Number.isNaN(since) ? 0 : Math.min(patienceMs, since + patienceMs - nowMs);
  const said = { type: INGRESS_PUBLISHED, status: 'False', reason: 'IngressPending' } as const;
  if (remainingMs > 0) {
    const message = `Waiting for an ingress controller to take Ingress ${name}`;
    return { said: { ...said, message, cause: WAITING }, lookAgainMs: remainingMs };
  }
  const { className } = ingressOf(server) ?? {};
  const [of, orDefault] =
    className === undefined ? ['the default IngressClass', ', or set className'] : [`IngressClass '${className}'`, ''];
  const message =
    `No ingress controller has written an address into the status of Ingress ${name} in 30 s: see whether one runs for ` +
    `${of}${orDefault}, and whether it publishes its addresses`;
  return { said: { ...said, message, cause: 'silent' } };
}
