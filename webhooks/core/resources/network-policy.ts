import { dnsPeerOf, egressHostsOf } from '../mcpserver/egress-hosts.ts';
import { candidateLabels, selectorLabels } from '../mcpserver/names.ts';
import type { MCPServer, Network, NetworkPolicyPeer } from '../mcpserver/types.gen.ts';
import { callersOf, gatewayNamespacesOf, isClosed, letsGatewayIn } from './callers.ts';
import { asCandidate } from './candidate.ts';
import { childMetadata } from './child-metadata.ts';
import type { ExpandedKind, ExpansionInput, KubernetesObject } from './expanded-kind.ts';
import { GATEWAY_REGISTERED } from './gateway-asking.ts';
import { httpRoute } from './http-route.ts';
import { metricsPort } from './metrics-endpoint.ts';
import { stateOf } from './optional-kind.ts';

type Fields = Readonly<Record<string, unknown>>;

const dnsPorts = [
  { protocol: 'UDP', port: 53 },
  { protocol: 'TCP', port: 53 },
];

export const networkPolicy: ExpandedKind = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  summary: 'Lets the pods of the server be reached at their port only, and reach only what the spec names, if it does.',
  requirement: 'required',
  wanted: 'sometimes',
  unavailable: { reason: 'NetworkPolicyUnavailable', order: 3, eventAction: 'NetworkPolicyReconcileFailed' },
  // Nobody can say where the gateway is through which the server is called: it is not locked out for that.
  isKept: (input) =>
    isClosed(input.server) &&
    letsGatewayIn(input.server) &&
    gatewayNamespacesOf(input).length === 0 &&
    mayBeCalledUnseen(input),
  build: (input) => {
    const { server } = input;
    const serving: KubernetesObject = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: childMetadata(server),
      spec: {
        podSelector: { matchLabels: selectorLabels(server) },
        ...buildIngress(input),
        ...buildEgress(server),
      },
    };
    const ofCandidate = { podSelector: { matchLabels: candidateLabels(server) } };
    return [serving, ...asCandidate(input, serving, (spec) => ({ ...spec, ...ofCandidate }))];
  },
};

/** Its route cannot be looked up, as in the first moments after a start; or another project makes it, and has said so. */
function mayBeCalledUnseen({ server: { status }, verdict }: ExpansionInput): boolean {
  const state = stateOf(httpRoute, verdict?.apis ?? new Map());
  const said = status?.conditions?.find(({ type }) => type === GATEWAY_REGISTERED);
  return state === 'unknown' ? said !== undefined : state !== 'served' && said?.status === 'True';
}

/**
 * Pods of a generation before serve, and tell their metrics, at former ports until the last one has gone. Who reads metrics is
 * whoever calls, unless the spec tells them apart, or lets in nobody whom it does not name.
 */
function buildIngress(input: ExpansionInput): Fields {
  const { server, formerPorts = [], formerMetricsPorts = [] } = input;
  const { config, extensions } = server.spec;
  const callers = callersOf(input);
  const toServe = [config.port, ...formerPorts];
  const ofMetrics = metricsPort(server);
  const readers = extensions?.metrics?.from ?? (isClosed(server) ? [] : undefined);
  // Whoever has metrics no more said nothing of who may read the former ones, and is scraped at them no more.
  const toTell = ofMetrics === undefined ? [] : [ofMetrics, ...formerMetricsPorts];
  if (readers === undefined) return { ingress: ingressTo([...toServe, ...toTell], callers) };
  const apart = toTell.filter((port) => !toServe.includes(port));
  const rules = [...ingressTo(toServe, callers), ...ingressTo(apart, readers)];
  return rules.length === 0 ? {} : { ingress: rules };
}

/** A rule without peers would let in everybody, and so would one without ports at each of them. */
function ingressTo(numbers: readonly number[], from: readonly NetworkPolicyPeer[] | undefined): readonly Fields[] {
  if (from?.length === 0 || numbers.length === 0) return [];
  const ports = [...new Set(numbers)].map((port) => ({ protocol: 'TCP', port }));
  return [{ ports, ...peers('from', from) }];
}

/**
 * Only a spec that names destinations, hosts or ports restricts egress; DNS stays open, or nothing could be found by name. Hosts
 * alone open nothing here: no NetworkPolicy can name them (cilium-network-policy.ts).
 */
function buildEgress(server: MCPServer): Fields {
  const { network = {} } = server.spec;
  const isToPeers = !isEmpty(network.egressTo) || !isEmpty(network.egressPorts);
  if (!isToPeers && egressHostsOf(server).length === 0) return { policyTypes: ['Ingress'] };
  const dnsPeer = dnsPeerOf(server);
  const dns = { ports: dnsPorts, ...peers('to', dnsPeer && [dnsPeer]) };
  return { policyTypes: ['Ingress', 'Egress'], egress: [dns, ...(isToPeers ? [toPeers(network)] : [])] };
}

function toPeers({ egressPorts, egressTo }: Network): Fields {
  const ports = isEmpty(egressPorts) ? {} : { ports: egressPorts };
  return { ...ports, ...peers('to', egressTo) };
}

/** No peers means everybody, which the API spells by leaving the list out. */
function peers(direction: 'from' | 'to', list: readonly NetworkPolicyPeer[] | undefined): Fields {
  return isEmpty(list) ? {} : { [direction]: list };
}

function isEmpty(list: readonly unknown[] | undefined): boolean {
  return list === undefined || list.length === 0;
}
