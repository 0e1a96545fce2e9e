import type { MCPServer } from '../mcpserver/types.gen.ts';

/**
 * One value that an MCPServer gets when its author said nothing. One default = one file.
 *
 * A default is static: never derived from a field that the user may change later, because it is stored with the
 * object and would go stale (decision 14 of docs/decisions). What depends on other fields happens at expansion.
 */
export interface Default {
  /** Kebab-case, equals the file name. */
  readonly id: string;
  /**
   * Set for a default that is applied where the server is expanded and judged, but never stored by admission: its
   * object is one whole to its author, and a later `kubectl apply` of half of it would be merged with ours
   * (docs/decisions/0007).
   */
  readonly isOneWhole?: true;
  /** One sentence for the documentation. Ends with a full stop. */
  readonly summary: string;
  /** Returns the same object when there is nothing to add; never changes its argument. Applying twice equals once. */
  apply(server: MCPServer): MCPServer;
}
