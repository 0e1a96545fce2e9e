import { shortenEnd } from '../engine/text.ts';
import { stdioOf } from '../mcpserver/stdio.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { answersNothing } from './hint-on-unready.ts';
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
    reasons: {
      NoAnswer: `${answersNothing(stdio)} Its log says more (kubectl logs --previous)`,
      WrongAnswer: `its program answers, but not as an MCP server that is known here: is it spec.extensions.stdio.command that starts one, and does it need a newer mcp-lifecycle? kubectl logs -c mcp-bridge says what was asked and answered`,
      NotStarted: `${program} is in the image and cannot be started: the interpreter that its first line names, or its C library, is not there, or it is for another architecture, or spec.extensions.stdio.cwd is gone; kubectl logs --previous says which`,
      NotFound: `there is no program ${program} in the image, or not on its PATH (spec.extensions.stdio.command): ${whatImageHas}`,
      NotExecutable: `${program} in the image cannot be executed (spec.extensions.stdio.command): ${whatImageHas}`,
      Cwd: 'the directory that spec.extensions.stdio.cwd names is neither in the image nor mounted, or may not be entered: name one that is, or leave it out',
    },
    endedAtOnce: `its program (spec.extensions.stdio.command) ends without an error before it has answered: does it serve stdio without an option of its own? ${whatImageHas}`,
  };
}
