import type { ReferenceFacts } from '../core/engine/facts.ts';
import { KUADRANT_PROVIDER } from '../core/mcpserver/gateway.ts';
import type { GatewaySettings } from '../core/mcpserver/gateway.ts';
import { claimText, holderBefore, isSameRegistrant, prefixClaimOf } from '../core/mcpserver/prefix-claim.ts';
import type { PrefixClaim, Registrant } from '../core/mcpserver/prefix-claim.ts';
import { digest } from '../platform/digest.ts';
import { recordAt, stringAt } from '../platform/kube/object.ts';
import type { Input } from './gather.ts';
import { identityOf } from './identity.ts';
import { factsIn, type ClusterFacts } from './known-facts.ts';

/** A prefix at an MCP gateway, and the servers of the input that claim it. */
interface Claimed {
  readonly claim: PrefixClaim;
  readonly servers: readonly Registrant[];
}

interface Where {
  /** Of objects that name none. */
  readonly namespace: string;
  /** Who knows the ConfigMaps that the input does not have. */
  readonly cluster?: ClusterFacts | undefined;
}

/** What servers of the input claim, by the text of the claim; of those without a prefix of their own nothing. */
export function claimsIn(input: Pick<Input, 'servers' | 'facts'>, where: Where): ReadonlyMap<string, Claimed> {
  const claims = new Map<string, Claimed>();
  for (const { value } of input.servers) {
    const gateway = recordAt(recordAt(value, 'spec'), 'gateway');
    if (stringAt(gateway, 'provider') !== KUADRANT_PROVIDER) continue;
    const { namespace, name } = identityOf(value, where.namespace);
    const claim = prefixClaimOf(settingsIn(input, { ...where, namespace, configRef: stringAt(gateway, 'configRef') }));
    if (claim === undefined) continue;
    const key = claimText(claim);
    const { servers } = claims.get(key) ?? { servers: [] };
    const server = { namespace, name };
    // The same object in two files is an overlay.
    if (!servers.some((one) => isSameRegistrant(one, server)))
      claims.set(key, { claim, servers: [...servers, server] });
  }
  return claims;
}

/** Of the namespace. */
function settingsIn(
  { facts }: Pick<Input, 'facts'>,
  { namespace, cluster, configRef = '' }: Where & { readonly configRef: string | undefined },
): GatewaySettings | undefined {
  const inInput = facts.beside(namespace).lookUp('ConfigMap', configRef);
  const state =
    inInput.state === 'found' || cluster === undefined
      ? inInput
      : factsIn(cluster, namespace).lookUp('ConfigMap', configRef);
  return state.state === 'found' ? state.settings : undefined;
}

type PrefixHolder = NonNullable<ReferenceFacts['prefixHolder']>;

/**
 * Who keeps servers of the input from their prefixes: the server that a cluster says was registered first, and where none is, each
 * other one of the input that claims the same. What a server of the input has in the cluster counts only while it claims that still.
 */
export function prefixHoldersOf(
  input: Pick<Input, 'servers' | 'facts'>,
  namespace: string,
): (cluster?: ClusterFacts) => PrefixHolder {
  const known = new Map<ClusterFacts | undefined, ReadonlyMap<string, Claimed>>();
  return (cluster) => (claim, server) => {
    const claims = known.get(cluster) ?? claimsIn(input, { namespace, cluster });
    known.set(cluster, claims);
    const key = claimText(claim);
    const { servers } = claims.get(key) ?? { servers: [] };
    const claimsIt = (one: Registrant): boolean => servers.some((other) => isSameRegistrant(other, one));
    const registered = (cluster?.prefixes?.get(digest(key)) ?? []).filter(
      (one) => claimsIt(one) || !isOfInput(one, input, namespace),
    );
    return registered.length > 0
      ? holderBefore(registered, server)
      : servers.find((other) => !isSameRegistrant(other, server));
  };
}

/** Few are registered with one prefix, so the input is looked through for hardly any. */
function isOfInput(one: Registrant, { servers }: Pick<Input, 'servers'>, namespace: string): boolean {
  return servers.some(({ value }) => isSameRegistrant(identityOf(value, namespace), one));
}
