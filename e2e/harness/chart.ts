import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCluster, type ClusterHandle } from '../../scripts/cluster/cluster.ts';
import { runCommand } from '../../scripts/cluster/command.ts';
import { ensureImages, type BuiltImage } from '../../scripts/image/build.ts';
import { ensureInstalled, release, uninstall, type InstallOptions } from '../../scripts/quickstart/install.ts';
import { usualArguments } from '../../scripts/e2e/usual-installation.ts';
import { withoutFarewells } from './replicas.ts';

async function cluster(): Promise<ClusterHandle> {
  const found = await findCluster();
  if (found === undefined) throw new Error('scripts/e2e.ts brought the cluster up');
  return found;
}

let image: Promise<BuiltImage> | undefined;

/** The image of the programs: scripts/e2e.ts built and loaded it. */
export function programImage(): Promise<BuiltImage> {
  return (image ??= readProgramImage());
}

async function readProgramImage(): Promise<BuiltImage> {
  const [found] = await ensureImages(['mcp-lifecycle'], () => undefined);
  if (found === undefined) throw new Error('images are returned in the order asked for');
  return found;
}

/** As every case finds the chart, or with other values. */
export async function installChart({ args = [], ...options }: InstallOptions = {}): Promise<void> {
  const all = { ...options, args: [...usualArguments, ...args] };
  await ensureInstalled(await cluster(), await programImage(), () => undefined, all);
}

/** While nobody asks for a verdict: pods end at once. */
export async function uninstallChart(): Promise<void> {
  const found = await cluster();
  await withoutFarewells(() => uninstall(found));
}

const ownChart = fileURLToPath(new URL('../../chart', import.meta.url));

/** A folder with the chart as a later version of it, 9.9.9; whoever asks for it removes it. */
export async function laterChart(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-chart-'));
  await cp(ownChart, copy, { recursive: true });
  const file = join(copy, 'Chart.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replaceAll(/^(version|appVersion): .*$/gm, '$1: 9.9.9'));
  return copy;
}

/** helm in the namespace of our release; a refusal is a result. */
export async function helm(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { environment } = await cluster();
  return runCommand(['helm', ...args, '--namespace', release.namespace], { env: environment });
}

/** The same for what must succeed; returns what helm printed. */
export async function helmOk(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await helm(...args);
  if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${stderr.trim()}`);
  return stdout;
}
