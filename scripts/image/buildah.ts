import { homedir } from 'node:os';
import { join } from 'node:path';
import { hasProgram, requireCommand, runCommand } from '../cluster/command.ts';
import type { Report } from '../cluster/progress.ts';
import { ImageFailure } from './failure.ts';

/** Buildah with a store of our own: vfs and chroot need no kernel feature and no daemon. */
export interface Buildah {
  hasImage(reference: string): Promise<boolean>;
  /** Builds `dockerfile` (a path); its contexts `bundle` and `shim` are the directory `context`. */
  build(options: {
    readonly reference: string;
    readonly dockerfile: string;
    readonly context: string;
    readonly base?: string;
  }): Promise<void>;
  /** Writes an OCI archive of the image `from`; it will be known as `as`. */
  save(options: { readonly from: string; readonly as: string; readonly archive: string }): Promise<void>;
  /** The vfs store copies every layer: what was saved should not stay. */
  remove(reference: string): Promise<void>;
}

export async function createBuildah(report: Report): Promise<Buildah> {
  await ensureBuildah(report);
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'mcp-lifecycle', 'buildah');
  const buildah = [
    'buildah',
    '--root',
    join(cache, 'store'),
    '--runroot',
    join(cache, 'run'),
    '--storage-driver',
    'vfs',
  ];
  const require = (args: readonly string[]): Promise<string> =>
    requireCommand([...buildah, ...args], `delete ${cache} and run the command again`);
  return {
    hasImage: async (reference) => (await runCommand([...buildah, 'inspect', '--type', 'image', reference])).code === 0,
    build: async ({ reference, dockerfile, context, base }) => {
      const baseArgument = base === undefined ? [] : ['--build-arg', `BASE=${base}`];
      await require([
        ...['build', '--isolation', 'chroot', '--pull-never', '--timestamp', '0', '--quiet'],
        ...['bundle', 'shim'].flatMap((stage) => ['--build-context', `${stage}=${context}`]),
        ...[...baseArgument, '--file', dockerfile, '--tag', reference, context],
      ]);
    },
    save: async ({ from, as, archive }) => {
      await require(['push', '--quiet', from, `oci-archive:${archive}:${as}`]);
    },
    remove: async (reference) => {
      await require(['rmi', reference]);
    },
  };
}

async function ensureBuildah(report: Report): Promise<void> {
  if (await hasProgram('buildah')) return;
  const canInstall = process.getuid?.() === 0 && (await hasProgram('apt-get'));
  if (!canInstall) throw new ImageFailure('buildah is needed to build images: install it with your package manager.');
  report('installing buildah from Debian');
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', 'buildah'];
  if ((await runCommand(install)).code === 0) return;
  await requireCommand(['apt-get', 'update'], 'check the network and the package sources');
  await requireCommand(install, 'install buildah by hand');
}
