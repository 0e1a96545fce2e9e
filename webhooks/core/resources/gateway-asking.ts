import type { MCPServer } from '../mcpserver/types.gen.ts';
import { isClosed, letsGatewayIn } from './callers.ts';
import type { Asking } from './expanded-kind.ts';

/** The condition of the reference API that says what became of `spec.gateway`. */
export const GATEWAY_REGISTERED = 'GatewayRegistered';

/** What all kinds for a gateway have in common: whoever asks for one is told by one condition. */
export const gatewayAsking: Pick<Asking, 'condition' | 'caveat'> = {
  condition: GATEWAY_REGISTERED,
  caveat: (server) => {
    const caveats = [closedCaveat(server), tlsCaveat(server.spec)].filter((caveat) => caveat !== undefined);
    return caveats.length === 0 ? undefined : caveats.join('; ');
  },
};

/** The author's policy is honoured as it is (docs/decisions/0019), and nobody would guess so from a gateway that answers 503. */
function closedCaveat(server: MCPServer): string | undefined {
  if (isClosed(server) && !letsGatewayIn(server))
    return 'posture Restricted lets in only mcp-lifecycle, because where the pods of this gateway are is not known: list both in spec.network.ingressFrom, or no call gets through';
  return (server.spec.network?.ingressFrom ?? []).length === 0
    ? undefined
    : 'spec.network.ingressFrom lets in only the peers that it lists: add one for the pods of the gateway, or no call gets through';
}

function tlsCaveat({ transport }: MCPServer['spec']): string | undefined {
  return transport?.tls?.enabled === true
    ? 'the server speaks TLS, so the gateway has to as well: mostly by a BackendTLSPolicy for its Service'
    : undefined;
}
