import { gatewaySettingsOf } from '../core/engine/facts.ts';
import type { Listeners, ReferenceFacts } from '../core/engine/facts.ts';
import { prepare } from '../core/engine/judge.ts';
import { gatewayOfHost, HTTP_ROUTE_PROVIDER } from '../core/mcpserver/gateway.ts';
import type { GatewayName } from '../core/mcpserver/gateway.ts';
import { toStored } from '../core/mcpserver/as-stored.ts';
import { gatewaysApi, readGateway } from '../core/resources/public-url.ts';
import { LONGEST_OBJECT_BYTES, objectPath, type KubeApi } from '../platform/kube/api.ts';
import type { Input } from './gather.ts';
import { identityOf } from './identity.ts';
import { completeMetadata } from './judge-manifest.ts';
import { factsIn, placeOf, type ClusterFacts, type KnownGateways } from './known-facts.ts';

/** Reads the Gateways that ConfigMaps of the input and of the cluster name, each once; of one that cannot be read nothing is known. */
export async function askGateways(
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
