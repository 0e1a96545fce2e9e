import type { CompatibilityProfile } from '../mcpserver/compatibility.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { Additions } from './additions.ts';
import type { Default } from './default.ts';
import { defaults } from './index.gen.ts';

/**
 * The server with every default of the profile applied: what would run, and what rules judge. Unknown fields survive,
 * untouched parts stay the same objects, and a server that lacks nothing comes back as it is.
 */
export function applyDefaults(server: MCPServer, profile: CompatibilityProfile = 'default'): MCPServer {
  return applyEach(server, defaultsOf[profile]);
}

/** The server as admission stores it: with the defaults that a later change of its author cannot contradict. */
export function applyStoredDefaults(server: MCPServer, profile: CompatibilityProfile = 'default'): MCPServer {
  return applyEach(server, storedOf[profile]);
}

/** The order of the list does not matter. */
export function applyEach(server: MCPServer, list: readonly Default[]): MCPServer {
  const added = new Additions();
  for (const one of list) one.apply(server, added);
  return added.addTo(server);
}

export const defaultsOf: Readonly<Record<CompatibilityProfile, readonly Default[]>> = {
  default: defaults.filter(({ profile = 'default' }) => profile === 'default'),
  reference: defaults.filter(({ profile }) => profile === 'reference'),
};

const storedOf: typeof defaultsOf = {
  default: defaultsOf.default.filter(isStored),
  reference: defaultsOf.reference.filter(isStored),
};

function isStored({ notStored }: Default): boolean {
  return notStored === undefined;
}
