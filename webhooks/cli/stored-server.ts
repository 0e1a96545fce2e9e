import { applyStoredDefaults } from '../core/defaults/apply.ts';
import { toStored } from '../core/mcpserver/as-stored.ts';
import { parseMCPServer } from '../core/mcpserver/parse.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { completeMetadata } from './judge-manifest.ts';

/**
 * A manifest as a cluster would store it once admission has spoken: `kubectl diff` finds nothing between the two. Undefined
 * where the schema refuses it.
 */
export function toStoredServer(manifest: unknown, namespace: string): MCPServer | undefined {
  const parsed = parseMCPServer(toStored(completeMetadata(manifest, namespace)).object);
  return parsed.ok ? applyStoredDefaults(parsed.server) : undefined;
}
