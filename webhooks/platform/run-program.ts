import { execFile, type ExecFileException } from 'node:child_process';

export type ProgramResult =
  | { readonly type: 'done'; readonly stdout: Uint8Array }
  /** There is no program of that name on the PATH. */
  | { readonly type: 'missing' }
  /** `said` is what it wrote to standard error: text of somebody else. */
  | { readonly type: 'failed'; readonly said: string }
  | { readonly type: 'timeout' }
  | { readonly type: 'too-much' };

export interface ProgramOptions {
  /** Also where programs are looked for. */
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  /** Of what it prints. */
  readonly maxBytes: number;
  /** What it is told on its standard input; by default nothing. */
  readonly input?: string;
}

/** Runs a program of the machine to its end: without a shell, so that no argument is anything but itself. */
export function runProgram(
  program: string,
  args: readonly string[],
  { env, timeoutMs, maxBytes, input }: ProgramOptions,
): Promise<ProgramResult> {
  const options = { encoding: 'buffer', timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: maxBytes } as const;
  return new Promise((resolve) => {
    const child = execFile(program, [...args], { ...options, env, windowsHide: true }, (error, stdout, stderr) => {
      resolve(error === null ? { type: 'done', stdout } : toFailure(error, stderr));
    });
    // One that has ended reads no more; what came of it is told all the same.
    child.stdin?.on('error', () => undefined);
    // It is told nothing else: one that waits for an answer gets the end of its input.
    child.stdin?.end(input);
  });
}

function toFailure(error: ExecFileException, stderr: Uint8Array): ProgramResult {
  if (error.code === 'ENOENT') return { type: 'missing' };
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return { type: 'too-much' };
  if (error.killed === true) return { type: 'timeout' };
  return { type: 'failed', said: new TextDecoder().decode(stderr) };
}
