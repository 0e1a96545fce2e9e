import type { Installation } from '../engine/installation.ts';
import { gatewayNameOf, HTTP_ROUTE_PROVIDER } from '../mcpserver/gateway.ts';
import type { MCPServer, NetworkPolicyPeer } from '../mcpserver/types.gen.ts';
import type { ExpansionInput } from './expanded-kind.ts';

/** By which namespaces are chosen by their name; each has it. */
const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

/**
 * Who may call a server; undefined: everybody. What its author lists is honoured as it is (docs/decisions/0019): the posture
 * counts where that is nobody.
 */
export function callersOf(input: ExpansionInput): readonly NetworkPolicyPeer[] | undefined {
  const listed = input.server.spec.network?.ingressFrom ?? [];
  if (listed.length > 0) return listed;
  return isClosed(input.server) ? [...verifier(input.installation), ...gateway(input)] : undefined;
}

/** Whether only those get in that are let in by the posture. */
export function isClosed({ spec }: MCPServer): boolean {
  return spec.extensions?.network?.posture === 'Restricted' && (spec.network?.ingressFrom ?? []).length === 0;
}

/** Whether the pods of its gateway are let in: those of others nobody knows. */
export function letsGatewayIn({ spec }: MCPServer): boolean {
  return spec.gateway?.provider === HTTP_ROUTE_PROVIDER;
}

/** The command line knows of no installation, and prints none. */
function verifier(installation: Installation | undefined): readonly NetworkPolicyPeer[] {
  if (installation === undefined) return [];
  const { namespace, podLabels } = installation;
  const podSelector = Object.keys(podLabels).length === 0 ? {} : { podSelector: { matchLabels: podLabels } };
  return [{ ...ofNamespace(namespace), ...podSelector }];
}

/** All pods beside the Gateway, as the reference has it: which of them are its own, each project says in another way. */
function gateway({ server, gateway }: ExpansionInput): readonly NetworkPolicyPeer[] {
  const parent = letsGatewayIn(server) ? gatewayNameOf(gateway) : undefined;
  return parent === undefined ? [] : [ofNamespace(parent.namespace)];
}

function ofNamespace(name: string): NetworkPolicyPeer {
  return { namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: name } } };
}
