import { API, isOfGroup } from '../mcpserver/api.ts';
import { isRecord, ownValue } from '../mcpserver/record.ts';
import type { CompositeKind } from './composite-kind.ts';
import { mcpPool } from './mcp-pool.ts';
import { v2dyServer } from './v2dy-server.ts';

/** Every kind above MCPServer. */
export const compositeKinds: readonly CompositeKind[] = [v2dyServer, mcpPool];

/**
 * The kind that an object is meant to be of, also when its version or the spelling of the kind is wrong: to pass such an
 * object by would be a silent yes. One that the group of MCPServers does not have is meant in that group, too: whoever writes
 * a pool of them takes theirs.
 */
export function compositeKindOf(object: unknown): CompositeKind | undefined {
  if (!isRecord(object)) return undefined;
  const apiVersion = ownValue(object, 'apiVersion');
  const kind = ownValue(object, 'kind');
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return undefined;
  return compositeKinds.find(
    (of) =>
      (apiVersion.startsWith(`${of.group}/`) || (of.kind !== API.kind && isOfGroup(apiVersion))) &&
      [of.kind.toLowerCase(), of.singular, of.plural].includes(kind.toLowerCase()),
  );
}
