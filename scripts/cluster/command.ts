import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { ClusterFailure } from './failure.ts';

export interface CommandResult {
  /** The exit code; 127 if the program does not exist, 128 if a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  /** The whole environment of the command; the caller's own if absent. */
  readonly env?: Environment;
  /** A file that becomes the standard input. */
  readonly inputFile?: string;
  /** Gets what it writes to stderr, as it comes. */
  readonly onStderr?: (text: string) => void;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Runs a command to its end. A non-zero exit is a result, not an error. */
export function runCommand(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program = '', ...args] = command;
  const input = options.inputFile === undefined ? 'ignore' : openSync(options.inputFile, 'r');
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: [input, 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      options.onStderr?.(text);
    });
    child.once('error', (error) => {
      resolve({ code: 127, stdout, stderr: error.message });
    });
    child.once('close', (code) => {
      resolve({ code: code ?? 128, stdout, stderr });
    });
    if (typeof input === 'number') closeSync(input);
  });
}

/** Runs a command that must succeed and returns what it printed; `advice` completes "<command> failed: <why>". */
export async function requireCommand(
  command: readonly string[],
  advice: string,
  options: CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await runCommand(command, options);
  if (code === 0) return stdout;
  const why = lastLine(stderr) ?? lastLine(stdout) ?? `it exited with ${code}`;
  throw new ClusterFailure(`\`${command.slice(0, 3).join(' ')} …\` failed (${why}): ${advice}.`);
}

/** Runs a command on the caller's own terminal and returns its exit code. */
export function runInteractively(command: readonly string[], env: Environment): Promise<number> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: 'inherit' });
    child.once('error', () => {
      reject(new ClusterFailure(`${program} cannot be run: check that it is installed and on the PATH.`));
    });
    child.once('close', (code) => {
      resolve(code ?? 128);
    });
  });
}

export async function hasProgram(name: string): Promise<boolean> {
  return (await runCommand(['sh', '-c', 'command -v "$1"', 'sh', name])).code === 0;
}

function lastLine(text: string): string | undefined {
  return text
    .trim()
    .split('\n')
    .findLast((line) => line.trim() !== '')
    ?.trim();
}
