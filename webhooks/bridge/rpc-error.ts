import type { MessageId } from './message.ts';

/** Codes that the bridge itself answers with; those of JSON-RPC and of MCP, revision 2026-07-28. */
export const rpcCodes = {
  parseError: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
  internalError: -32_603,
  /** What the official server says where there is no code: a session that is not there, a method of HTTP. */
  refused: -32_000,
  sessionNotFound: -32_001,
  headerMismatch: -32_020,
  missingCapability: -32_021,
  unsupportedVersion: -32_022,
} as const;

export interface RpcError {
  readonly code: number;
  /** What is wrong and what to do. */
  readonly message: string;
  readonly data?: unknown;
}

/** An answer of ours. `id` as it was sent, where it is known byte by byte. */
export function renderRpcError(id: MessageId | Uint8Array | undefined, error: RpcError): Buffer {
  const text = id instanceof Uint8Array ? Buffer.from(id).toString('utf8') : JSON.stringify(id ?? null);
  return Buffer.from(`{"jsonrpc":"2.0","id":${text},"error":${JSON.stringify(error)}}`);
}
