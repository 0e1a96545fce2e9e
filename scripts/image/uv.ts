import { existsSync } from 'node:fs';
import { chmod, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { unpackWheel } from '../cluster/wheel.ts';

/** Of https://pypi.org/project/uv/. */
export const uvVersion = '0.13.9';

/** Where its wheel has programs. */
const scripts = `uv-${uvVersion}.data/scripts`;

/** The folder with uv and uvx; they are downloaded once. */
export async function ensureUv(): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'mcp-lifecycle', `uv-${uvVersion}`);
  if (!existsSync(folder)) await downloadUv(folder);
  return join(folder, scripts);
}

/** The folder is there when all of it is. */
async function downloadUv(folder: string): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  await unpackWheel('uv', uvVersion, unfinished);
  for (const name of ['uv', 'uvx']) await chmod(join(unfinished, scripts, name), 0o755);
  await rename(unfinished, folder);
}
