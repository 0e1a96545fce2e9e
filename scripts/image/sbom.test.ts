import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { contentDigest, type ImageRecipe } from './recipe.ts';
import { recipes } from './catalogue.ts';
import { componentsOfBuildInfo, describeContents, distributionIn, type Component } from './sbom.ts';

let root = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'mcp-lifecycle-sbom-test-'));
  for (const [name, license] of [
    ['a', 'MIT'],
    ['@b/c', 'ISC'],
  ] as const) {
    mkdirSync(join(root, 'node_modules', name), { recursive: true });
    writeFileSync(
      join(root, 'node_modules', name, 'package.json'),
      JSON.stringify({ name, version: '1.2.3', license }),
    );
  }
});

afterAll(() => {
  rmSync(root, { recursive: true });
});

const recipe: ImageRecipe = { name: 'mcp-lifecycle', version: '0.1.0', dockerfile: '', files: [] };

async function componentsOf(
  described: Partial<ImageRecipe>,
  bundled: readonly string[],
): Promise<readonly Component[]> {
  const digest = `sha256:${'0'.repeat(64)}`;
  const sbom = await describeContents({ root, recipe: { ...recipe, ...described }, bundled, digest });
  return (sbom as { readonly components: readonly Component[] }).components;
}

it('lists each npm package once of which something is in a bundle, with its licence', async () => {
  const files = ['webhooks/main.ts', 'node_modules/a/x.js', 'node_modules/a/y.js', 'node_modules/@b/c/z.js'];
  expect(await componentsOf({}, files)).toMatchObject([
    { name: '@b/c', purl: 'pkg:npm/%40b/c@1.2.3', licenses: [{ expression: 'ISC' }] },
    { name: 'a', purl: 'pkg:npm/a@1.2.3', licenses: [{ expression: 'MIT' }] },
  ]);
});

it.each([undefined, 'UNLICENSED', 'SEE LICENSE IN x.txt', { type: 'MIT' }])(
  'says no licence of a package whose own word of it is %j, which is no expression of SPDX',
  async (license) => {
    mkdirSync(join(root, 'node_modules', 'none'), { recursive: true });
    const manifest = JSON.stringify({ name: 'none', version: '1.0.0', license });
    writeFileSync(join(root, 'node_modules', 'none', 'package.json'), manifest);
    const [component] = await componentsOf({}, ['node_modules/none/x.js']);
    expect(component).toMatchObject({ name: 'none' });
    expect(component).not.toHaveProperty('licenses');
  },
);

it.each([
  ['PRETTY_NAME="Debian"\nID=debian\n', 'debian'],
  ['ID_LIKE=debian\nID="ubuntu"\n', 'ubuntu'],
  ['', 'debian'],
])('names the distribution of packages as its os-release does: %j', (text, expected) => {
  expect(distributionIn(text)).toBe(expected);
});

it('lists the libraries of the machine by their hash, and files that were written here not at all', async () => {
  writeFileSync(join(root, 'lib.so'), 'x');
  const library = { to: '/lib.so', mode: 0o755, content: { file: join(root, 'lib.so'), fingerprint: 'f' } };
  const written = { to: '/etc/group', mode: 0o644, content: { bytes: Buffer.from('x') } };
  const hash = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';
  expect(await componentsOf({ base: { ...recipe, files: [library, written] } }, [])).toMatchObject([
    { type: 'file', hashes: [{ alg: 'SHA-256', content: hash }] },
  ]);
});

it('lists what a program of Go says that it is built from', () => {
  const said =
    'shim: go1.26.8\n\tpath\tmcp-lifecycle/shim\n\tmod\tx\t(devel)\t\n\tdep\tgolang.org/x/sys\tv0.1.0\th1:x=\n';
  const found = componentsOfBuildInfo(said, { to: '/mcp-lifecycle/shim', hash: 'aa' });
  expect(found.map(({ name, version }) => `${name} ${version}`)).toEqual([
    ...['std 1.26.8', 'mcp-lifecycle/shim 1.26.8', 'golang.org/x/sys v0.1.0'],
  ]);
});

it('is of an image whose files are the same whenever they are made', async () => {
  expect(contentDigest(await recipes['mcp-lifecycle']())).toBe(contentDigest(await recipes['mcp-lifecycle']()));
});
