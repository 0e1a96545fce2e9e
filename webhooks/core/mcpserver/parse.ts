import { checkSchema } from './schema.ts';
import type { MCPServer } from './types.gen.ts';
import type { Violation } from './violation.ts';

export type ParsedMCPServer =
  { readonly ok: true; readonly server: MCPServer } | { readonly ok: false; readonly violations: readonly Violation[] };

/**
 * An MCPServer out of whatever came in: `server` is the same object, typed; fields that the schema does not know stay
 * in it. `violations` say in the API server's manner why it is none.
 */
export function parseMCPServer(raw: unknown): ParsedMCPServer {
  return checkSchema(raw);
}
