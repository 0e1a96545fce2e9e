import { createHash } from 'node:crypto';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, requireCommand } from '../cluster/command.ts';
import { bundledPackages } from '../package/notices.ts';
import type { ImageFile, ImageRecipe } from './recipe.ts';

/** One thing in the image, as CycloneDX has it: https://cyclonedx.org/docs/1.6/json/ */
export interface Component {
  readonly type: 'application' | 'library' | 'file';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly licenses?: readonly { readonly expression: string }[];
  readonly hashes?: readonly { readonly alg: 'SHA-256'; readonly content: string }[];
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

export interface SbomOptions {
  readonly root: string;
  readonly recipe: ImageRecipe;
  /** Those that the programs are bundled from, relative to `root`. */
  readonly bundled: readonly string[];
  /** `sha256:…` of the image. */
  readonly digest: string;
}

/**
 * What the image is made of: npm packages whose code is in the bundles, Node and the libraries it is linked with, the Go
 * program and what that is built from. Nothing in it is of the moment, so the same image has the same one.
 */
export async function describeContents({ root, recipe, bundled, digest }: SbomOptions): Promise<object> {
  const ours = { name: recipe.name, version: recipe.version };
  const base = await Promise.all((recipe.base?.files ?? []).flatMap((file) => componentOfBase(file, recipe.base)));
  const shim = recipe.files.find(({ to }) => to === '/mcp-lifecycle/shim');
  const components = [
    ...bundledPackages(root, bundled).map(componentOfPackage),
    ...base.flat(),
    ...(shim === undefined ? [] : await componentsOfGo(shim)),
  ];
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: { type: 'container', 'bom-ref': `${ours.name}@${digest}`, ...ours, licenses: expressed('Apache-2.0') },
    },
    components: components.sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)),
  };
}

function componentOfPackage({ name, version, license }: ReturnType<typeof bundledPackages>[number]): Component {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { type: 'library', 'bom-ref': purl, name, version, purl, ...licensed(license) };
}

/** Nothing where a package says nothing, or what is no SPDX expression (`UNLICENSED`, `SEE LICENSE IN …`, an object as of old). */
function licensed(license: unknown): Pick<Component, 'licenses'> {
  const isExpression = typeof license === 'string' && !/^$|^UNLICENSED$|^SEE LICEN[CS]E/i.test(license.trim());
  return isExpression ? { licenses: expressed(license) } : {};
}

/** Of files that somebody wrote here, as /etc/passwd, there is nothing to say. */
function componentOfBase({ to, content }: ImageFile, base: ImageRecipe | undefined): readonly Promise<Component>[] {
  if ('bytes' in content) return [];
  return [to === '/nodejs/bin/node' ? nodeOf(content.file, base?.version ?? '') : libraryOf(content.file)];
}

async function nodeOf(file: string, version: string): Promise<Component> {
  const purl = `pkg:generic/node@${version}`;
  const hashes = [await hashOf(file)];
  return { type: 'application', 'bom-ref': purl, name: 'node', version, purl, licenses: expressed('MIT'), hashes };
}

/** A library of the machine that built the image; of a package of Debian where dpkg knows it. */
async function libraryOf(file: string): Promise<Component> {
  const hash = await hashOf(file);
  const said = { hashes: [hash], properties: [{ name: 'path', value: file }] };
  // Where /lib is a link dpkg may know either path.
  const searched = await runCommand(['dpkg-query', '--search', file, await realpath(file)]);
  const owner = searched.stdout.split(/[:,]/, 1)[0] ?? '';
  const format = '${Version} ${Architecture}';
  const found =
    owner === '' ? '' : (await runCommand(['dpkg-query', '--show', `--showformat=${format}`, owner])).stdout;
  const [version, architecture] = found.trim().split(' ');
  if (version === undefined || architecture === undefined) {
    return { type: 'file', 'bom-ref': file, name: file, version: hash.content, ...said };
  }
  const purl = `pkg:deb/${await distribution()}/${owner}@${encodeURIComponent(version)}?arch=${architecture}`;
  return { type: 'library', 'bom-ref': `${purl}#${file}`, name: owner, version, purl, ...said };
}

/** Which one dpkg is of: https://www.freedesktop.org/software/systemd/man/latest/os-release.html */
async function distribution(): Promise<string> {
  return distributionIn(await readFile('/etc/os-release', 'utf8').catch(() => ''));
}

export function distributionIn(osRelease: string): string {
  return /^ID=["']?([a-z0-9._-]+)["']?$/m.exec(osRelease)?.[1] ?? 'debian';
}

/** What a program of Go says that it is built from: https://pkg.go.dev/runtime/debug#BuildInfo */
async function componentsOfGo({ to, content }: ImageFile): Promise<readonly Component[]> {
  if (!('bytes' in content)) return [];
  const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-sbom-'));
  try {
    const file = join(folder, 'program');
    await writeFile(file, content.bytes);
    const said = await requireCommand(['go', 'version', '-m', file], 'look which Go is on the PATH');
    return componentsOfBuildInfo(said, { to, hash: sha256(content.bytes) });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function componentsOfBuildInfo(
  said: string,
  { to, hash }: { readonly to: string; readonly hash: string },
): readonly Component[] {
  const go = /: go(\S+)/.exec(said)?.[1] ?? '';
  const path = /^\tpath\t(\S+)/m.exec(said)?.[1] ?? to;
  const dependencies = [...said.matchAll(/^\tdep\t(\S+)\t(\S+)/gm)].map(([, name = '', version = '']): Component =>
    goModule(name, version),
  );
  const program: Component = {
    ...{ type: 'application', 'bom-ref': to, name: path, version: go, licenses: expressed('Apache-2.0') },
    hashes: [{ alg: 'SHA-256', content: hash }],
  };
  return [{ ...goModule('std', go), licenses: expressed('BSD-3-Clause') }, program, ...dependencies];
}

function goModule(name: string, version: string): Component {
  const purl = `pkg:golang/${name}@${version}`;
  return { type: 'library', 'bom-ref': purl, name, version, purl };
}

function expressed(expression: string): readonly { readonly expression: string }[] {
  return [{ expression }];
}

async function hashOf(file: string): Promise<{ readonly alg: 'SHA-256'; readonly content: string }> {
  return { alg: 'SHA-256', content: sha256(await readFile(file)) };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
