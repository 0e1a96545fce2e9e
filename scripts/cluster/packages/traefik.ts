import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { requireCommand } from '../command.ts';
import { reportWhile, type HowFar, type Report } from '../progress.ts';
import { goBuild } from './binaries.ts';
import { ensureGatewayKinds } from './gateway-kinds.ts';
import { goFolder, moduleFolder } from './go-modules.ts';

/** The version in go/traefik/go.mod; a test compares them. */
export const traefikVersion = '3.6.12';

/** Only in the name of its cache entry: raise it when something else is left out. */
const buildVersion = '2';

export interface Traefik {
  /** Reads KUBECONFIG. */
  readonly program: string;
  /** A directory with the CRDs of the Gateway API, of the release that it knows. */
  readonly crds: string;
}

/**
 * The real Traefik, a controller of Gateways and what serves at them in one, built on first use and cached by version: without what no
 * Gateway needs, see {@link leaveOut}.
 */
export async function ensureTraefik(cache: string, report: Report): Promise<Traefik> {
  const directory = await cacheEntry(cache, `traefik-${traefikVersion}-${buildVersion}`, (unfinished) =>
    reportWhile(report, `building Traefik ${traefikVersion} (once, minutes)`, (tell) => buildInto(unfinished, tell)),
  );
  return { program: path.join(directory, 'traefik'), crds: await ensureGatewayKinds(cache) };
}

/** The modules that something is left out of, by the folder of their copy. */
const copied = { traefik: 'github.com/traefik/traefik/v3', lego: 'github.com/go-acme/lego/v4' };

async function buildInto(unfinished: string, tell: (howFar: HowFar) => void): Promise<void> {
  const source = path.join(unfinished, 'source');
  await mkdir(source);
  for (const file of ['go.mod', 'go.sum'])
    await copyFile(path.join(goFolder('traefik'), file), path.join(source, file));
  for (const [folder, module] of Object.entries(copied)) {
    const original = await moduleFolder('traefik', module);
    await requireCommand(
      ['cp', '-r', '--no-preserve=mode', original, path.join(source, folder)],
      'see whether the disk is full',
    );
    await requireCommand(['go', 'mod', 'edit', `-replace=${module}=./${folder}`], 'see go.mod', { cwd: source });
  }
  await leaveOut(source);
  const target = { module: source, target: 'tool', output: path.join(unfinished, 'traefik'), isHurried: true };
  await goBuild(target, tell);
  await rm(source, { recursive: true });
}

/** Of the folder `pkg/provider`: each takes the client of another system along, or a large generated one for Kubernetes. */
const providers = [
  ...['docker', 'ecs', 'nomad', 'consulcatalog', 'kv/consul', 'kv/etcd', 'kv/redis', 'kv/zk'],
  ...['kubernetes/crd', 'kubernetes/ingress', 'kubernetes/ingress-nginx', 'kubernetes/knative'],
];

/**
 * Most of what Traefik takes to build are 180 providers of DNS for certificates, other sources of configuration and two interpreters for
 * plugins. Short files of go/traefik take their places; the controller of Gateways, routers and the proxy stay as they are.
 */
async function leaveOut(source: string): Promise<void> {
  const packages = path.join(source, 'traefik', 'pkg');
  const provider = await readFile(path.join(goFolder('traefik'), '_provider.go'), 'utf8');
  for (const name of providers) {
    const folder = path.join(packages, 'provider', name);
    await removeFiles(folder);
    const packageName = path.basename(name).replace('-', '');
    await writeFile(path.join(folder, 'provider.go'), provider.replace('package stub', `package ${packageName}`));
  }
  await removeFiles(path.join(packages, 'plugins'));
  await cp(path.join(goFolder('traefik'), '_replaced'), source, { recursive: true });
}

/** Of a package; those below it stay. */
async function removeFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (name.endsWith('.go')) await rm(path.join(folder, name));
}
