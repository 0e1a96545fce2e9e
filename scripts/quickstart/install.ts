import { fileURLToPath } from 'node:url';
import { loadImage, type ClusterHandle } from '../cluster/cluster.ts';
import { runCommand } from '../cluster/command.ts';
import { ClusterFailure } from '../cluster/failure.ts';
import { reportWhile, type Report } from '../cluster/progress.ts';
import { ensureImages, type BuiltImage } from '../image/build.ts';
import type { ImageName } from '../image/catalogue.ts';
import { diagnose } from './diagnosis.ts';

/** How the chart is installed on the local cluster: as the README says. */
export const release = { name: 'mcp-lifecycle', namespace: 'mcp-lifecycle-system' } as const;

const ownChart = fileURLToPath(new URL('../../chart', import.meta.url));

/** Builds the images and makes them known to the cluster's nodes. */
export async function ensureImagesLoaded(
  cluster: ClusterHandle,
  names: readonly ImageName[],
  report: Report,
): Promise<readonly BuiltImage[]> {
  const images = await ensureImages(names, report);
  for (const { reference, archive } of images) {
    await reportWhile(report, `loading ${reference}`, () => loadImage(cluster, archive));
  }
  return images;
}

export interface InstallOptions {
  /** Folder of another chart than the one of this repository. */
  readonly chart?: string;
  /** More arguments of helm. */
  readonly args?: readonly string[];
  /** What somebody has set meanwhile stays set. Default: the values are those of the chart and of this call. */
  readonly keepsValues?: boolean;
}

/** Installs the chart, or upgrades it; when it returns, the webhooks answer. */
export async function ensureInstalled(
  cluster: ClusterHandle,
  image: Pick<BuiltImage, 'reference' | 'digest'>,
  report: Report,
  options: InstallOptions = {},
): Promise<void> {
  await removeInterrupted(cluster);
  const { code, stderr } = await reportWhile(report, `installing the chart as ${release.name}`, () =>
    runCommand(upgradeCommand(image, options), { env: cluster.environment }),
  );
  if (code === 0) return;
  const selector = `app.kubernetes.io/name=${release.name}`;
  const why = await diagnose(cluster, { kind: 'Deployment', ...release, selector });
  throw new ClusterFailure(
    `helm could not install the chart (${stderr.trim().split('\n').at(-1) ?? ''}). Run the command again when you have corrected what is wrong.\n${why}`,
  );
}

/** What installs the chart, or upgrades it. */
export function upgradeCommand(
  image: Pick<BuiltImage, 'reference' | 'digest'>,
  { chart = ownChart, args = [], keepsValues = false }: InstallOptions = {},
): readonly string[] {
  return [
    ...['helm', 'upgrade', release.name, chart, '--install'],
    ...['--namespace', release.namespace, '--create-namespace'],
    ...(keepsValues ? ['--reset-then-reuse-values'] : []),
    ...imageValues(image.reference),
    // The tag stays the same when the content changes: the annotation makes the pods change too.
    ...['--set-string', `podAnnotations.mcp-lifecycle/image-digest=${image.digest}`],
    ...['--wait', '--timeout', '5m'],
    ...args,
  ];
}

/** `local.test/mcp-lifecycle:0.1.0`, which nodes have without pulling, as values of the chart. */
export function imageValues(reference: string): readonly string[] {
  const [, registry, repository, tag] = /^([^/]+)\/([^:]+):([^:]+)$/.exec(reference) ?? [];
  if (registry === undefined || repository === undefined || tag === undefined)
    throw new Error(`${reference} is not a reference as scripts/image names images`);
  return [
    ...['--set-string', `image.registry=${registry}`],
    ...['--set-string', `image.repository=${repository}`],
    ...['--set-string', `image.tag=${tag}`],
  ];
}

/** Removes the release and waits until its pods are gone; the CRD and the namespace stay. */
export async function uninstall(cluster: ClusterHandle): Promise<void> {
  const command = ['helm', 'uninstall', release.name, '--namespace', release.namespace, '--wait', '--timeout', '5m'];
  const { code, stderr } = await runCommand(command, { env: cluster.environment });
  if (code !== 0) throw new ClusterFailure(`helm could not uninstall ${release.name}: ${stderr.trim()}`);
}

/** A run that was killed in the middle leaves a release that helm refuses to touch. */
async function removeInterrupted(cluster: ClusterHandle): Promise<void> {
  const command = ['helm', 'status', release.name, '--namespace', release.namespace, '--output', 'json'];
  const { code, stdout } = await runCommand(command, { env: cluster.environment });
  if (code !== 0) return;
  const { info } = JSON.parse(stdout) as { readonly info?: { readonly status?: string } };
  if (info?.status?.startsWith('pending') === true) await uninstall(cluster);
}
