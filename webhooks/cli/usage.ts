import { exitCodeOf } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/** Prints how a command is used, because somebody asked; returns the exit code. */
export function tellUsage(usage: string, { writeOut }: Terminal): number {
  writeOut(usage);
  return 0;
}

/** Says what is wrong with the arguments of a command, and how it is used; returns the exit code. */
export function refuseUsage(problem: string, usage: string, { writeError }: Terminal): number {
  writeError(`${problem}\n\n${usage}`);
  return exitCodeOf({ type: 'usage' });
}
