import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** Absolute path of a file of the repository. */
export function inRepository(path: string): string {
  return join(fileURLToPath(new URL('../..', import.meta.url)), path);
}
