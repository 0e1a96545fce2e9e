import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheEntry } from '../../scripts/cluster/cache.ts';
import { requireCommand, runCommand } from '../../scripts/cluster/command.ts';
import { resolveSettings } from '../../scripts/cluster/settings.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));

/** A folder with what this repository was at a commit, and its dependencies of then; made on first use and cached by commit. */
export async function earlierCheckout(commit: string): Promise<string> {
  await ensureCommit(commit);
  const { cache } = resolveSettings({}, process.env);
  return cacheEntry(cache, `checkout-${commit}`, async (folder) => {
    const run = (command: readonly string[], cwd = folder): Promise<string> =>
      requireCommand(command, 'run it by hand in a checkout of that commit', { cwd });
    const archive = join(folder, 'source.tar');
    await run(['git', 'archive', '--output', archive, commit], repository);
    await run(['tar', 'xf', archive]);
    await rm(archive);
    await run(['npm', 'install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund']);
  });
}

/** What is skipped looks like what has passed: a clone without the commit fails, and says what helps. */
async function ensureCommit(commit: string): Promise<void> {
  const { code } = await runCommand(['git', '-C', repository, 'cat-file', '-e', `${commit}^{commit}`]);
  if (code !== 0)
    throw new Error(`this clone has no commit ${commit}, which is upgraded from: run \`git fetch --unshallow\` in it`);
}
