import type { MCPServer } from '../mcpserver/types.gen.ts';
import { Additions } from './additions.ts';
import type { Default } from './default.ts';
import { defaults } from './index.gen.ts';

/**
 * The server with every default applied: what would run, and what rules judge. Unknown fields survive, untouched parts
 * stay the same objects, and a server that lacks nothing comes back as it is. The order of the list does not matter.
 */
export function applyDefaults(server: MCPServer, list: readonly Default[] = defaults): MCPServer {
  const added = new Additions();
  for (const one of list) one.apply(server, added);
  return added.addTo(server);
}

/** The server as admission stores it: with the defaults that a later change of its author cannot contradict. */
export function applyStoredDefaults(server: MCPServer): MCPServer {
  return applyDefaults(server, stored);
}

const stored = defaults.filter(({ notStored }) => notStored === undefined);
