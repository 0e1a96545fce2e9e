import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { hasProgram, requireCommand } from '../command.ts';
import { ClusterFailure } from '../failure.ts';
import { reportWhile, type Report } from '../progress.ts';
import { writePauseArchive } from './pause-image.ts';
import type { Binaries } from './plan.ts';

/** The versions of the `tool` lines in go/<component>/go.mod; a test compares them. */
export const componentVersions = { kubernetes: '1.35.4', etcd: '3.6.16', coredns: '1.14.7' } as const;

type Component = keyof typeof componentVersions;

/** Only in the name of its cache entry: raise it when go/pause changes. */
const pauseVersion = '1';

/** The programs and the pause image, built on first use and cached by version. */
export async function ensureBinaries(cache: string, report: Report): Promise<Binaries> {
  // One after the other: each build uses every core.
  const kubernetes = await ensureComponent(cache, 'kubernetes', report);
  const etcd = await ensureComponent(cache, 'etcd', report);
  const coredns = await ensureComponent(cache, 'coredns', report);
  const pause = await cacheEntry(cache, `pause-${pauseVersion}`, async (directory) => {
    await reportWhile(report, 'building the pause image', async () => {
      await goBuild('pause', path.join(directory, 'pause'), '.');
      await writePauseArchive(directory);
    });
  });
  return { kubernetes, etcd, coredns, pauseArchive: path.join(pause, 'pause.tar') };
}

function ensureComponent(cache: string, component: Component, report: Report): Promise<string> {
  const version = componentVersions[component];
  return cacheEntry(cache, `${component}-${version}`, async (directory) => {
    await reportWhile(report, `building ${component} ${version} (once, minutes)`, async () => {
      // Kubernetes has several tools, which a directory receives under their own names.
      const output = component === 'kubernetes' ? `${directory}/` : path.join(directory, component);
      await goBuild(component, output, 'tool');
    });
  });
}

/** Builds a directory of `../go` into `output`, with some build tags. */
export async function goBuild(
  module: string,
  output: string,
  target: string,
  tags: readonly string[] = [],
): Promise<void> {
  if (!(await hasProgram('go'))) {
    throw new ClusterFailure(
      'The local cluster is built with Go: install Go 1.26 or newer and put it on the PATH, then run this again.',
    );
  }
  await requireCommand(
    ['go', 'build', '-trimpath', '-tags', tags.join(','), '-ldflags', linkFlags(), '-o', output, target],
    'read the error above in full with the same command',
    {
      cwd: path.join(import.meta.dirname, '..', 'go', module),
      env: { ...process.env, CGO_ENABLED: '0' },
    },
  );
}

/** Small binaries, and a server that says its version: it is set by the linker, nobody else knows it. */
export function linkFlags(): string {
  const [major = '', minor = ''] = componentVersions.kubernetes.split('.');
  const values = {
    gitVersion: `v${componentVersions.kubernetes}`,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
  };
  const set = Object.entries(values).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  return ['-s', '-w', ...set].join(' ');
}
