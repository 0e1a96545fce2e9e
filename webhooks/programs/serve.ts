import { exitCodes, type ExitCode } from '../cli/exit-code.ts';
import { readProgramVersion } from '../platform/program-version.ts';
import type { Parsed } from '../platform/environment.ts';
import { createLogger, errorText, type AdjustableLogger, type LogLevel } from '../platform/log.ts';
import { catchUnexpected } from '../platform/unexpected-errors.ts';

/** What a long-running program gets from here; it returns when the signal has aborted and its work is drained. */
export interface Program {
  readonly log: AdjustableLogger;
  readonly signal: AbortSignal;
  readonly version: string;
}

/** Of the process, which only main.ts reads. */
export interface ProgramProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file that was started. */
  readonly script: string;
}

/** Runs one in-cluster program until SIGTERM or SIGINT; what it throws is our bug: logged once, exit 3. */
export async function serve<Config extends { readonly logLevel: LogLevel }>(
  { script }: ProgramProcess,
  parsed: Parsed<Config>,
  run: (config: Config, program: Program) => Promise<void>,
): Promise<ExitCode> {
  if (!parsed.ok) {
    process.stderr.write(`${parsed.problems.join('\n')}\n`);
    return exitCodes.unusable;
  }
  const { config } = parsed;
  const log = createLogger({
    level: config.logLevel,
    write: (line) => process.stdout.write(line),
    now: () => new Date(),
  });
  catchUnexpected(log);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info('stopping', { signal });
      stop.abort();
    });
  }
  try {
    await run(config, { log, signal: stop.signal, version: await readProgramVersion(script) });
    return exitCodes.clean;
  } catch (error) {
    log.error('stopped by an unexpected error', { error: errorText(error) });
    return exitCodes.crashed;
  }
}
