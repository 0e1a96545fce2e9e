import type { Listeners, ReferenceFacts } from '../core/engine/facts.ts';
import { gatewayKeys, gatewayOfHost } from '../core/mcpserver/gateway.ts';
import type { GatewayName, GatewaySettings } from '../core/mcpserver/gateway.ts';
import { claimText, holderBefore, prefixClaimOf } from '../core/mcpserver/prefix-claim.ts';
import type { Reference } from '../core/mcpserver/references.ts';
import { mcpServerRegistration } from '../core/resources/mcp-server-registration.ts';
import { gatewaysApi, readGateway } from '../core/resources/public-url.ts';
import { readRegistrants, registrantsQuery } from '../core/resources/registrants.ts';
import type { Clock } from '../platform/clock.ts';
import { digest } from '../platform/digest.ts';
import { objectPath, type KubeApi } from '../platform/kube/api.ts';
import type { CallContext } from './handler.ts';
import { createKeptReads, type KeptReadOptions, type Question } from './kept-reads.ts';

export interface GatewayLookUpOptions extends KeptReadOptions {
  /** Whether anybody publishes servers by Gateways. */
  readonly isRouting: () => boolean;
  /** Whether anybody registers servers at MCP gateways. */
  readonly isRegistering: () => boolean;
  /** Whether objects of all namespaces can be listed; otherwise those of the server's own. */
  readonly seesAll: boolean;
}

export type GatewayFacts = Pick<ReferenceFacts, 'listenersOf' | 'prefixHolder'>;

/** Looks up, with what ConfigMaps for gateways say, what there is at these gateways. */
export function createGatewayLookUps(
  api: KubeApi,
  clock: Clock,
  { isRouting, isRegistering, seesAll, ...options }: GatewayLookUpOptions,
): (
  namespace: string,
  named: { readonly references: readonly Reference[]; readonly facts: ReferenceFacts },
  context: CallContext,
) => Promise<GatewayFacts> {
  const askListeners = createKeptReads<Listeners>(api, clock, {
    ...options,
    read: (body) => readGateway(body).listeners,
  });
  const askRegistrants = createKeptReads(api, clock, { ...options, read: readRegistrants });
  return async (namespace, { references, facts }, context) => {
    const gateways = isRouting() ? questionsFor(settingsNamed('gatewayName', references, facts), aboutGateway) : [];
    const aboutPrefix = (settings: GatewaySettings): Question | undefined =>
      aboutPrefixIn(seesAll ? undefined : namespace, settings);
    const prefixes = isRegistering()
      ? questionsFor(settingsNamed('extensionName', references, facts), aboutPrefix)
      : [];
    const listeners = await askListeners(namespace, gateways, context);
    const registrants = await askRegistrants(namespace, prefixes, context);
    return {
      listenersOf: (gateway) => listeners.get(keyOf(gateway)),
      prefixHolder: (claim, server) => holderBefore(registrants.get(claimText(claim)) ?? [], server),
    };
  };
}

/** What ConfigMaps say of which a provider needs the key: that of any other provider names what it wants. */
function settingsNamed(
  key: 'gatewayName' | 'extensionName',
  references: readonly Reference[],
  facts: ReferenceFacts,
): readonly GatewaySettings[] {
  return references.flatMap(({ kind, name, usage, keys }) => {
    if (usage !== 'gateway' || !keys.some((needed) => needed.key === gatewayKeys[key])) return [];
    const found = facts.lookUp(kind, name);
    return (found.state === 'found' ? found.settings : undefined) ?? [];
  });
}

/** Each once. */
function questionsFor(
  said: readonly GatewaySettings[],
  about: (settings: GatewaySettings) => Question | undefined,
): readonly Question[] {
  const questions = said.flatMap((settings) => about(settings) ?? []);
  return [...new Map(questions.map((question) => [question.key, question])).values()];
}

/** Of one that is to take a host. */
function aboutGateway(settings: GatewaySettings): Question | undefined {
  const gateway = gatewayOfHost(settings);
  if (gateway === undefined) return undefined;
  return { key: keyOf(gateway), request: { path: objectPath({ ...gatewaysApi, ...gateway }) } };
}

function aboutPrefixIn(namespace: string | undefined, settings: GatewaySettings): Question | undefined {
  const claim = prefixClaimOf(settings);
  if (claim === undefined) return undefined;
  const { apiVersion, plural } = mcpServerRegistration;
  const path = objectPath({ apiVersion, plural, ...(namespace === undefined ? {} : { namespace }) });
  return { key: claimText(claim), request: { path, ...registrantsQuery(claim, digest) } };
}

function keyOf({ namespace, name }: GatewayName): string {
  return `${namespace}/${name}`;
}
