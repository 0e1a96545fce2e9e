import { printable } from '../core/engine/text.ts';

/** What is wrong with a --timeout in whole seconds, from 1 to `longest`; undefined: nothing is. */
export function judgeSeconds(timeout: string, longest: number): string | undefined {
  const seconds = Number(timeout);
  const isFine = /^\d{1,5}$/.test(timeout) && seconds >= 1 && seconds <= longest;
  return isFine ? undefined : `--timeout takes seconds from 1 to ${longest}, not '${printable(timeout)}'`;
}
