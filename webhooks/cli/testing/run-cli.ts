import type { CommandName } from '../commands.ts';
import { runOn } from '../run.ts';

/** How a command ended, and what it printed. */
export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Runs a command with `stdin` as its standard input, on a terminal of its own. */
export async function runCli(
  [name, ...args]: readonly [CommandName, ...(readonly string[])],
  stdin = '',
  { hasColour = false, folder = process.cwd(), env = process.env, version = '0.0.0' } = {},
): Promise<CliRun> {
  let out = '';
  let error = '';
  const code = await runOn(name, args, {
    readStdin: () => Promise.resolve(new TextEncoder().encode(stdin)),
    writeOut: (text) => {
      out += text;
    },
    writeError: (text) => {
      error += text;
    },
    hasColour,
    folder,
    env,
    readVersion: () => Promise.resolve(version),
  });
  return { code, out, error };
}
