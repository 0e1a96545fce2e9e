import type { GatewayOffer } from '../mcpserver/types.gen.ts';

/** What the broker of the MCP gateway of Kuadrant says of a server. Texts are bounded, on one line. */
export type Offered =
  /** It could not be asked, or its answer is none. `why`: a clause. */
  | { readonly state: 'unknown'; readonly why: string }
  /** It has no server of that name. */
  | { readonly state: 'absent' }
  | {
      readonly state: 'known';
      readonly isReady: boolean;
      readonly tools: number;
      /** Left out, because a client could not use them. */
      readonly invalidTools: number;
      readonly message: string;
    };

/** Why a server that is registered cannot be used through the gateway; undefined where it can, or nobody knows. */
export function whyNotOffered(offered: Offered | undefined): string | undefined {
  if (offered === undefined) return 'Waiting for the broker of the MCP gateway to say what it offers';
  if (offered.state === 'absent')
    return 'The MCP gateway has written the server into its configuration, and its broker does not know it yet';
  if (offered.state === 'unknown' || offered.isReady) return undefined;
  const said = offered.message === '' ? 'it does not say why' : offered.message;
  return `The MCP gateway knows the server and cannot use it: ${said}`;
}

/** What is known of the tools of a server that is registered: a clause. */
export function sayOffered(offered: Offered | undefined): string | undefined {
  if (offered?.state === 'unknown')
    return `whether the gateway offers its tools is not known, because its broker cannot be asked: ${offered.why}`;
  if (offered?.state !== 'known') return undefined;
  const { tools, invalidTools } = offered;
  const left = invalidTools === 0 ? '' : `, and leaves out ${invalidTools} that are invalid`;
  return `the gateway offers ${tools === 0 ? 'none' : tools} of its tools${left}`;
}

/** For status.extensions.gateway; undefined where it offers nothing, or nobody knows. */
export function offerOf(offered: Offered | undefined): GatewayOffer | undefined {
  if (offered?.state !== 'known' || !offered.isReady) return undefined;
  const { tools, invalidTools } = offered;
  return { tools, invalidTools };
}
