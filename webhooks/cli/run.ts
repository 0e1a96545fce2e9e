import { cwd, stdin, stdout, stderr } from 'node:process';
import { maxInputBytes } from '../platform/manifests/read-texts.ts';
import { printable } from '../core/engine/text.ts';
import { commands, type CommandName } from './commands.ts';
import { readDefaults } from './defaults-file.ts';
import { exitCodeOf, type ExitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/** Commands whose options may have defaults in the repository. */
const configurable = ['check', 'render', 'diff'] as const satisfies readonly CommandName[];

/** Runs one command on the streams of this process. What it throws is our bug: printed once, exit 3. */
export async function runCommand(
  name: CommandName,
  args: readonly string[],
  options: {
    readonly noColour: boolean;
    readonly env: NodeJS.ProcessEnv;
    readonly readVersion: () => Promise<string>;
  },
): Promise<ExitCode> {
  const terminal: Terminal = {
    readStdin,
    writeOut: (text) => void stdout.write(text),
    writeError: (text) => void stderr.write(text),
    hasColour: stdout.isTTY && !options.noColour,
    folder: cwd(),
    env: options.env,
    readVersion: options.readVersion,
  };
  // `check … | head` closes the pipe: the verdict is in the exit code.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return runOn(name, args, terminal);
}

/** The same on any terminal; never throws. */
export async function runOn(name: CommandName, args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    const command = await commands[name].load();
    if (!configurable.some((one) => one === name)) return await command.run(args, terminal);
    const read = await readDefaults(name, terminal.folder, configurable);
    if (read.type === 'read') return await command.run(args, terminal, read.defaults);
    terminal.writeError(`${printable(read.problem)}\n`);
    return exitCodeOf({ type: 'usage' });
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    terminal.writeError(`mcp-lifecycle ${name} failed, which is a bug of ours: ${text}\n`);
    return exitCodeOf({ type: 'crashed' });
  }
}

/** One byte more than is allowed is enough to know that it is too much. */
async function readStdin(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stdin as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > maxInputBytes) break;
  }
  return Buffer.concat(chunks);
}
