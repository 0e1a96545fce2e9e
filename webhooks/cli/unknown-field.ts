import { inOurWords, v2dyServer } from '../core/composites/v2dy-server.ts';
import type { CompositeKind } from '../core/composites/composite-kind.ts';
import { API } from '../core/mcpserver/api.ts';
import { structure } from '../core/mcpserver/structure.gen.ts';
import type { FieldPath } from '../core/mcpserver/violation.ts';

const remedy = 'Remove it, or correct its name or its place.';

/** What to do about a field that an MCPServer of ours does not have: it may be one of the other group. */
export function remedyInOurs([head, field, ...inside]: FieldPath): string {
  const ours = head === 'spec' && inside.length === 0 ? inOurWords.get(field) : undefined;
  if (ours === undefined) return remedy;
  return `Write ${ours}: ${String(field)} is a field of ${v2dyServer.apiVersion}, whose MCPServers mcp-lifecycle convert rewrites.`;
}

/** The same of an object of a kind above: it may be one of ours. */
export function remedyIn(of: CompositeKind, [head, field = '', ...inside]: FieldPath): string {
  const isOurs =
    of === v2dyServer && head === 'spec' && inside.length === 0 && Object.hasOwn(fieldsOfOurs, String(field));
  if (!isOurs) return remedy;
  return `Remove it, or write apiVersion: ${API.apiVersion}, which has ${String(field)}.`;
}

const fieldsOfOurs = structure.properties?.['spec']?.properties ?? {};
