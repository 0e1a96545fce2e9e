import { canonicalJson } from '../engine/canonical-json.ts';
import type { Digest } from '../engine/ratchet.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { retryAskedIn } from '../rollout/retry.ts';
import { namedDigest } from './tool-demands.ts';

/** Which try of a template is asked for, as it is remembered with what fails (`isRejected`). */
export interface AskedTry {
  readonly retry: string | undefined;
  /** Digest of what the spec and its owner say of tools: counts for what was held back for them. */
  readonly contract: string;
}

export function askedTryOf(server: Pick<MCPServer, 'metadata' | 'spec'>, digest: Digest): AskedTry {
  const contract = digest(canonicalJson([namedDigest(server), server.spec.extensions?.toolContract]));
  return { retry: retryAskedIn(server.metadata.annotations), contract };
}
