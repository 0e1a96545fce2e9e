import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { requireCommand } from '../cluster/command.ts';

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
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const advice = 'check the network, and that python3 on the PATH has pip';
  const download = ['python3', '-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:'];
  await requireCommand([...download, '--dest', unfinished, `uv==${uvVersion}`], advice);
  const [wheel = ''] = (await readdir(unfinished)).filter((name) => name.endsWith('.whl'));
  await requireCommand(['python3', '-m', 'zipfile', '-e', join(unfinished, wheel), unfinished], advice);
  for (const name of ['uv', 'uvx']) await chmod(join(unfinished, scripts, name), 0o755);
  await rename(unfinished, folder);
}
