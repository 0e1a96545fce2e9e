import { denialBy } from '../engine/denial-by.ts';
import type { Installation } from '../engine/installation.ts';
import { gatewayNameOf, isRouted, PUBLISHING_RULE } from '../mcpserver/gateway.ts';
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
  return isClosed(input.server)
    ? [...verifier(input.installation), ...gatewayNamespacesOf(input).map(ofNamespace)]
    : undefined;
}

/** Whether only those get in that are let in by the posture. */
export function isClosed({ spec }: MCPServer): boolean {
  return spec.extensions?.network?.posture === 'Restricted' && (spec.network?.ingressFrom ?? []).length === 0;
}

/** Whether the pods of its gateway are let in: those of others nobody knows. */
export function letsGatewayIn(server: MCPServer): boolean {
  return isRouted(server);
}

/** The command line knows of no installation, and prints none. */
function verifier(installation: Installation | undefined): readonly NetworkPolicyPeer[] {
  if (installation === undefined) return [];
  const { namespace, podLabels } = installation;
  const podSelector = Object.keys(podLabels).length === 0 ? {} : { podSelector: { matchLabels: podLabels } };
  return [{ ...ofNamespace(namespace), ...podSelector }];
}

/**
 * Whose pods are let in because a Gateway is beside them, as the reference has it: which of them are its own, each project says
 * in another way. Of the one that is wanted, unless a policy refuses it; and of the one from which calls come while a route
 * to it stands.
 */
export function gatewayNamespacesOf({ server, gateway, verdict, routedFrom }: ExpansionInput): readonly string[] {
  if (!letsGatewayIn(server)) return [];
  const isRefused = denialBy(PUBLISHING_RULE, verdict?.findings) !== undefined;
  const wanted = isRefused ? undefined : gatewayNameOf(gateway)?.namespace;
  return [...new Set([wanted, routedFrom])].filter((namespace) => namespace !== undefined);
}

function ofNamespace(name: string): NetworkPolicyPeer {
  return { namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: name } } };
}
