import type { CompatibilityProfile } from '../../mcpserver/compatibility.ts';
import type { Fields } from '../../mcpserver/record.ts';
import { isStdio, stdioOf } from '../../mcpserver/stdio.ts';
import type { MCPServer } from '../../mcpserver/types.gen.ts';
import { runFolder, runSubPath, shimFolder, shimPath, shimVolume, socketPath } from './stdio-parts.ts';
import { shimGraceSeconds } from './termination.ts';

/** Besides those of clients: the one by which the bridge finds out what the server speaks, and one that is on its way out. */
const ownProcesses = 2;

/**
 * What the container of the server runs instead of its image's entrypoint: the shim, which starts the command for each
 * session. `config.arguments` stay the arguments of the container, so they come last. Undefined where it is the image's.
 */
export function stdioCommand(server: MCPServer, compatibility?: CompatibilityProfile): readonly string[] | undefined {
  const stdio = stdioOf(server);
  if (stdio === undefined) return undefined;
  return [
    ...[shimPath, 'listen', '--socket', socketPath],
    ...['--max', String(stdio.maxSessions + ownProcesses)],
    ...['--grace', `${shimGraceSeconds(server, compatibility)}s`],
    ...(stdio.cwd === undefined ? [] : ['--cwd', stdio.cwd]),
    '--',
    ...stdio.command,
  ];
}

/** The shim, which nothing in the container can replace, and the folder of its socket. */
export function shimMounts(server: MCPServer): readonly Fields[] {
  if (!isStdio(server)) return [];
  return [
    { name: shimVolume, mountPath: shimFolder, readOnly: true },
    { name: shimVolume, mountPath: runFolder, subPath: runSubPath },
  ];
}
