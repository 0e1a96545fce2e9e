import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { hasProgram, requireCommand } from '../command.ts';
import { ClusterFailure } from '../failure.ts';
import { reportWhile, type HowFar, type Report } from '../progress.ts';
import { followBuild } from './build-progress.ts';
import { goFolder } from './go-modules.ts';
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
    await reportWhile(report, 'building the pause image', async (tell) => {
      await goBuild({ module: 'pause', target: '.', output: path.join(directory, 'pause') }, tell);
      await writePauseArchive(directory);
    });
  });
  return { kubernetes, etcd, coredns, pauseArchive: path.join(pause, 'pause.tar') };
}

function ensureComponent(cache: string, component: Component, report: Report): Promise<string> {
  const version = componentVersions[component];
  return cacheEntry(cache, `${component}-${version}`, async (directory) => {
    await reportWhile(report, `building ${component} ${version} (once, minutes)`, async (tell) => {
      // Kubernetes has several tools, which a directory receives under their own names.
      const output = component === 'kubernetes' ? `${directory}/` : path.join(directory, component);
      await goBuild({ module: component, target: 'tool', output }, tell);
    });
  });
}

/** What `go build` makes of a {@link goFolder}. */
export interface GoTarget {
  /** The directory. */
  readonly module: string;
  /** A package; `tool` is what its go.mod names as tools. */
  readonly target: string;
  readonly output: string;
  /** Build tags. */
  readonly tags?: readonly string[];
  /** For what need not be fast: compiled without optimization and with more memory, which took 38 % less CPU for Traefik. */
  readonly isHurried?: boolean;
}

/** Builds `target` into `output`; who waits for it is told how far it is. */
export async function goBuild(
  { module, target, output, tags = [], isHurried = false }: GoTarget,
  tell: (howFar: HowFar) => void,
): Promise<void> {
  if (!(await hasProgram('go'))) {
    throw new ClusterFailure(
      'The local cluster is built with Go: install Go 1.26 or newer and put it on the PATH, then run this again.',
    );
  }
  const { read, expect, howFar } = followBuild();
  tell(howFar);
  const go = (...args: readonly string[]): Promise<string> =>
    requireCommand(['go', ...args, target], 'read the error above in full with the same command', {
      cwd: goFolder(module),
      env: { ...process.env, CGO_ENABLED: '0', ...(isHurried ? { GOGC: '400' } : {}) },
      onStderr: read,
    });
  const flags = [
    ...['-trimpath', '-tags', tags.join(','), '-ldflags', linkFlags()],
    ...(isHurried ? ['-gcflags', 'all=-N -l -dwarf=false'] : []),
  ];
  // Those that an earlier build left are not compiled again.
  const stale = await go('list', '-deps', ...flags, '-f', '{{if .Stale}}{{.ImportPath}}{{end}}');
  expect(stale.split('\n').filter((line) => line !== '').length);
  await go('build', '-v', ...flags, '-o', output);
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
