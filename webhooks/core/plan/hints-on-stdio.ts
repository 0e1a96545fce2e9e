import { shortenEnd } from '../engine/text.ts';
import { stdioOf } from '../mcpserver/stdio.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { StdioHints } from './render-pod-failure.ts';

/** Longest program that is named, in characters. */
const maxProgramLength = 120;

/** As the shim ends, and every shell. */
const exits = { notExecutable: 126, notFound: 127 } as const;

/** What the end of a container means in which the shim starts the program; undefined for a server that serves HTTP itself. */
export function hintsOnStdio(server: MCPServer): StdioHints | undefined {
  const stdio = stdioOf(server);
  if (stdio === undefined) return undefined;
  const program = shortenEnd(JSON.stringify(stdio.command[0] ?? ''), maxProgramLength);
  const whatImageHas = 'mcp-lifecycle stdio resolve IMAGE prints what the image itself would start';
  return {
    exits: {
      [exits.notFound]: `there is no program ${program} in the image, or not on its PATH: ${whatImageHas}`,
      [exits.notExecutable]: `${program} in the image cannot be executed (spec.extensions.stdio.command), or the directory that spec.extensions.stdio.cwd names cannot be used: ${whatImageHas}`,
    },
    endedAtOnce: `its program (spec.extensions.stdio.command) ends without an error before it has answered: does it serve stdio without an option of its own? ${whatImageHas}`,
  };
}
