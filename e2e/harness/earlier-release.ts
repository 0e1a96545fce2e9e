import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheEntry } from '../../scripts/cluster/cache.ts';
import { loadImage } from '../../scripts/cluster/cluster.ts';
import { requireCommand } from '../../scripts/cluster/command.ts';
import { resolveSettings } from '../../scripts/cluster/settings.ts';
import type { BuiltImage } from '../../scripts/image/build.ts';
import { localCluster } from './components.ts';
import { earlierCheckout } from './earlier-checkout.ts';
import { kubectlOk } from './kubectl.ts';

/** A release of ours as it was at a commit: its own chart, and its own image, which the nodes have. */
export interface EarlierRelease {
  readonly chart: string;
  readonly image: Pick<BuiltImage, 'reference' | 'digest'>;
}

/**
 * Built by the scripts of the commit with the dependencies of then, on first use (minutes), and cached by commit. Its version is
 * another one than ours, so that both images lie on the nodes at the same time.
 */
export async function earlierRelease(commit: string): Promise<EarlierRelease> {
  const { cache } = resolveSettings({}, process.env);
  const folder = await cacheEntry(cache, `release-${commit}`, (unfinished) => build(commit, unfinished));
  await loadImage(await localCluster(), join(folder, 'image.tar'));
  const reference = await readFile(join(folder, 'reference'), 'utf8');
  return { chart: join(folder, 'chart'), image: { reference, digest: commit } };
}

/** Every kind of ours, with all objects: an earlier release finds none that a later one has left. */
export async function removeKinds(): Promise<void> {
  const names = ['mcpservers.mcp.x-k8s.io', 'mcpgatewaybindings.mcp.x-k8s.io'];
  const optional = ['mcpservers.mcp.v2dy.io', 'mcppools.mcp.v2dy.io'];
  await kubectlOk(['delete', 'crd', ...names, ...optional, '--ignore-not-found', '--timeout=300s']);
}

async function build(commit: string, folder: string): Promise<void> {
  const checkout = join(folder, 'checkout');
  await cp(await earlierCheckout(commit), checkout, { recursive: true, verbatimSymlinks: true });
  const version = `0.0.0-${commit}`;
  await replaceIn(join(checkout, 'package.json'), /"version": "[^"]*"/, `"version": "${version}"`);
  await replaceIn(join(checkout, 'chart', 'Chart.yaml'), /^(version|appVersion): .*$/gm, `$1: ${version}`);
  const printed = await requireCommand(['npm', 'run', '--silent', 'image'], 'run it by hand there', { cwd: checkout });
  await cp(valueOf(printed, 'archive'), join(folder, 'image.tar'));
  await writeFile(join(folder, 'reference'), valueOf(printed, 'image'));
  await cp(join(checkout, 'chart'), join(folder, 'chart'), { recursive: true });
  await rm(checkout, { recursive: true });
}

async function replaceIn(file: string, pattern: RegExp, replacement: string): Promise<void> {
  await writeFile(file, (await readFile(file, 'utf8')).replace(pattern, replacement));
}

/** `npm run image` prints a word and what it stands for on each line. */
function valueOf(printed: string, word: string): string {
  const value = new RegExp(`^${word} +(\\S+)$`, 'm').exec(printed)?.[1];
  if (value === undefined) throw new Error(`\`npm run image\` names no ${word}:\n${printed}`);
  return value;
}
