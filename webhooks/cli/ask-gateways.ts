import { gatewaySettingsOf } from '../core/engine/facts.ts';
import type { Listeners, ReferenceFacts } from '../core/engine/facts.ts';
import { prepare } from '../core/engine/judge.ts';
import { gatewayOfHost, HTTP_ROUTE_PROVIDER } from '../core/mcpserver/gateway.ts';
import type { GatewayName } from '../core/mcpserver/gateway.ts';
import type { PrefixClaim, Registrant } from '../core/mcpserver/prefix-claim.ts';
import { toStored } from '../core/mcpserver/as-stored.ts';
import { mcpServerRegistration } from '../core/resources/mcp-server-registration.ts';
import { gatewaysApi, readGateway } from '../core/resources/public-url.ts';
import { readRegistrants, registrantsQuery } from '../core/resources/registrants.ts';
import { digest } from '../platform/digest.ts';
import { LONGEST_OBJECT_BYTES, objectPath, type KubeApi } from '../platform/kube/api.ts';
import type { Input } from './gather.ts';
import { identityOf } from './identity.ts';
import { completeMetadata } from './judge-manifest.ts';
import { factsIn, placeOf, type ClusterFacts, type KnownGateways, type KnownPrefixes } from './known-facts.ts';
import { claimsIn } from './prefix-claims.ts';

/** What servers of the input have to know of the gateways where they are published: their listeners, and who has which prefix. */
export async function askAtGateways(
  api: KubeApi,
  input: Pick<Input, 'servers' | 'facts'>,
  where: { readonly cluster: ClusterFacts; readonly namespace: string },
): Promise<Pick<ClusterFacts, 'gateways' | 'prefixes'>> {
  return { ...(await askGateways(api, input, where)), ...(await askPrefixes(api, input, where)) };
}

/** Reads the Gateways that ConfigMaps of the input and of the cluster name, each once; of one that cannot be read nothing is known. */
async function askGateways(
  api: KubeApi,
  { servers, facts }: Pick<Input, 'servers' | 'facts'>,
  { cluster, namespace }: { readonly cluster: ClusterFacts; readonly namespace: string },
): Promise<{ readonly gateways?: KnownGateways }> {
  const known = new Map<string, Listeners>();
  const named = new Map<string, GatewayName>();
  for (const { value } of servers) {
    const { namespace: own } = identityOf(value, namespace);
    const gateway =
      gatewayOf(value, { namespace, facts: facts.beside(own) }) ??
      gatewayOf(value, { namespace, facts: factsIn(cluster, own) });
    if (gateway !== undefined) named.set(placeOf(gateway), gateway);
  }
  for (const [place, gateway] of named) {
    const path = objectPath({ ...gatewaysApi, ...gateway });
    const answer = await api.request({ method: 'GET', path, maxBytes: LONGEST_OBJECT_BYTES });
    if (answer.ok) known.set(place, readGateway(answer.body).listeners);
  }
  return named.size === 0 ? {} : { gateways: known };
}

/** Asks who is registered with the prefixes that servers of the input claim; where it cannot be read nothing is known. */
async function askPrefixes(
  api: KubeApi,
  input: Pick<Input, 'servers' | 'facts'>,
  where: { readonly cluster: ClusterFacts; readonly namespace: string },
): Promise<{ readonly prefixes?: KnownPrefixes }> {
  const known = new Map<string, readonly Registrant[]>();
  const claims = claimsIn(input, where);
  for (const [text, { claim }] of claims) {
    const registrants = await askRegistrants(api, claim);
    if (registrants !== undefined) known.set(digest(text), registrants);
  }
  return claims.size === 0 ? {} : { prefixes: known };
}

async function askRegistrants(api: KubeApi, claim: PrefixClaim): Promise<readonly Registrant[] | undefined> {
  for (const apiVersion of registrationVersions) {
    const path = objectPath({ apiVersion, plural: mcpServerRegistration.plural });
    const answer = await api.request({ method: 'GET', path, ...registrantsQuery(claim, digest) });
    if (answer.ok) return readRegistrants(answer.body);
    if (answer.error.status !== 404) return undefined;
  }
  return undefined;
}

const { apiVersion, requirement } = mcpServerRegistration;
const registrationVersions = [apiVersion, ...(requirement === 'required' ? [] : (requirement.olderVersions ?? []))];

interface Named {
  /** Of objects that name none. */
  readonly namespace: string;
  readonly facts: ReferenceFacts;
}

function gatewayOf(value: unknown, { namespace, facts }: Named): GatewayName | undefined {
  const prepared = prepare(toStored(completeMetadata(value, namespace)).object);
  if (!prepared.parsed || prepared.server.spec.gateway?.provider !== HTTP_ROUTE_PROVIDER) return undefined;
  return gatewayOfHost(gatewaySettingsOf(prepared.server, facts));
}
