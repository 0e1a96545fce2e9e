import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository. */
export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Absolute path of a file of the repository. */
export function inRepository(path: string): string {
  return join(repositoryRoot, path);
}
