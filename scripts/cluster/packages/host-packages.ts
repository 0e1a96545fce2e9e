import { existsSync } from 'node:fs';
import { hasProgram, requireCommand, runCommand } from '../command.ts';
import { ClusterFailure } from '../failure.ts';
import { reportWhile, type Report } from '../progress.ts';

/** Debian's package for each thing that the cluster uses of the machine: a program on the PATH or a file. */
const packageOf: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  '/usr/lib/cni/bridge': 'containernetworking-plugins',
  iptables: 'iptables',
  nft: 'nftables',
  buildah: 'buildah',
  ip: 'iproute2',
  openssl: 'openssl',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  mount: 'mount',
};

/** Installs what is missing of the machine's own packages, on Debian as root; elsewhere says what is missing. */
export async function ensureHostPackages(report: Report, packages = packageOf): Promise<void> {
  requireRootOnLinux();
  const missing = await findMissingPackages(packages);
  if (missing.length === 0) return;
  const list = missing.join(' ');
  if (!existsSync('/etc/debian_version')) {
    throw new ClusterFailure(
      `This machine lacks ${list} (names of Debian's packages): install them with your package manager, then run this again.`,
    );
  }
  await reportWhile(report, `installing ${list}`, async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const advice = `install ${list} with apt-get yourself, then run this again`;
    await requireCommand(['apt-get', 'update'], advice, { env });
    await requireCommand(['apt-get', 'install', '--yes', '--no-install-recommends', ...missing], advice, { env });
  });
}

function requireRootOnLinux(): void {
  if (process.platform !== 'linux') {
    throw new ClusterFailure(
      'The local cluster needs Linux: start Docker and install kind, or give an existing cluster with --kubeconfig and --context.',
    );
  }
  if (process.getuid?.() !== 0) {
    throw new ClusterFailure(
      'The local cluster needs root: run this with sudo, start Docker and install kind, or give an existing cluster with --kubeconfig and --context.',
    );
  }
}

async function findMissingPackages(packages: typeof packageOf): Promise<readonly string[]> {
  const found = await Promise.all(
    Object.entries(packages).map(async ([thing, name]) => {
      const isThere = thing.startsWith('/') ? existsSync(thing) : await hasProgram(thing);
      return isThere ? [] : [name];
    }),
  );
  return [...new Set(found.flat())].sort();
}

/** Kernel modules that are not built in; a module that cannot be loaded is either built in or missed later, by name. */
export async function loadKernelModules(): Promise<void> {
  await Promise.all(['overlay', 'br_netfilter', 'veth'].map((name) => runCommand(['modprobe', name])));
}
