import { isRecord, ownValue } from '../mcpserver/record.ts';
import type { CompositeKind } from './composite-kind.ts';
import { mcpPool } from './mcp-pool.ts';
import { v2dyServer } from './v2dy-server.ts';

/** Every kind above MCPServer. */
export const compositeKinds: readonly CompositeKind[] = [v2dyServer, mcpPool];

/**
 * The kind that an object is meant to be of, also when its version or the spelling of the kind is wrong: to pass such an
 * object by would be a silent yes.
 */
export function compositeKindOf(object: unknown): CompositeKind | undefined {
  if (!isRecord(object)) return undefined;
  const apiVersion = ownValue(object, 'apiVersion');
  const kind = ownValue(object, 'kind');
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return undefined;
  return compositeKinds.find(
    (of) =>
      apiVersion.startsWith(`${of.group}/`) &&
      [of.kind.toLowerCase(), of.singular, of.plural].includes(kind.toLowerCase()),
  );
}
