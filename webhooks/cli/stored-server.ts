import { applyStoredDefaults } from '../core/defaults/apply.ts';
import type { CompatibilityProfile } from '../core/mcpserver/compatibility.ts';
import { toStored } from '../core/mcpserver/as-stored.ts';
import { parseMCPServer } from '../core/mcpserver/parse.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { completeMetadata } from './judge-manifest.ts';

/**
 * A manifest as a cluster would store it once admission has spoken: `kubectl diff` finds nothing between the two. Undefined
 * where the schema refuses it. `compatibility`: of the policy in force there.
 */
export function toStoredServer(
  manifest: unknown,
  namespace: string,
  compatibility?: CompatibilityProfile,
): MCPServer | undefined {
  const parsed = parseMCPServer(toStored(completeMetadata(manifest, namespace)).object);
  return parsed.ok ? applyStoredDefaults(parsed.server, compatibility) : undefined;
}
