import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { maxInputBytes, readTexts, whyMissing } from './read-texts.ts';

const noStdin = (): Promise<Uint8Array> => Promise.reject(new Error('nobody asked for it'));

describe('readTexts', () => {
  let root = '';

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'mcp-lifecycle-'));
    mkdirSync(join(root, 'b/node_modules'), { recursive: true });
    mkdirSync(join(root, '.git'));
    for (const file of ['c.yml', 'a.yaml', 'b/d.json', 'b/readme.md', 'b/node_modules/e.yaml', '.git/f.yaml']) {
      writeFileSync(join(root, file), `# ${file}`);
    }
    writeFileSync(join(root, 'b/bytes.bin'), Buffer.from([0xc3, 0x28]));
    writeFileSync(join(root, 'b/half.bin'), Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x61, 0x00]));
    symlinkSync(root, join(root, 'b/loop.yaml'));
    symlinkSync(join(root, 'c.yml'), join(root, 'b/link.yaml'));
    symlinkSync('nowhere', join(root, 'b/z-broken.yaml'));
  });

  afterAll(() => {
    rmSync(root, { recursive: true });
  });

  const relative = (file: string): string => file.replace(`${root}/`, '');

  it('reads the manifests of a folder in order, without those of others, and reports a broken link', async () => {
    const { texts, problems } = await readTexts([root], noStdin);
    expect(texts.map(({ file }) => relative(file))).toEqual(['a.yaml', 'b/d.json', 'c.yml']);
    expect(texts[0]?.text).toBe('# a.yaml');
    expect(problems.map(({ file, message }) => `${relative(file)}: ${message}`)).toEqual([
      'b/z-broken.yaml: no such file or folder',
    ]);
  });

  it('reads a named file whatever its name, and what is named twice once', async () => {
    const paths = [join(root, 'b/readme.md'), `${root}/./b/readme.md`, '-', '-'];
    const { texts } = await readTexts(paths, () => Promise.resolve(Buffer.from('\ufeffa: 1')));
    expect(texts.map(({ text }) => text)).toEqual(['# b/readme.md', 'a: 1']);
  });

  it('reads a mounted ConfigMap once, by the names of its files', async () => {
    const mount = join(root, 'mount');
    mkdirSync(join(mount, '..2026_11_29'), { recursive: true });
    writeFileSync(join(mount, '..2026_11_29/server.yaml'), 'a: 1');
    symlinkSync('..2026_11_29', join(mount, '..data'));
    symlinkSync('..data/server.yaml', join(mount, 'server.yaml'));
    const { texts, problems } = await readTexts([mount, join(mount, 'server.yaml')], noStdin);
    expect(texts.map(({ file }) => relative(file))).toEqual(['mount/server.yaml']);
    expect(problems).toEqual([]);
    rmSync(mount, { recursive: true });
  });

  it('knows what a pattern stands for that no shell has seen', async () => {
    const pattern = join(root, '**', '*.{yaml,json}');
    const { texts } = await readTexts([pattern, join(root, '[ab].yaml')], noStdin);
    expect(texts.map(({ file }) => relative(file))).toEqual(['a.yaml', 'b/d.json', 'b/link.yaml']);
    const { problems } = await readTexts([join(root, '*.none')], noStdin);
    expect(problems.map(({ file, message }) => `${relative(file)}: ${message}`)).toEqual([
      '*.none: no such file or folder',
    ]);
  });

  it('says that an old Node looks up no patterns (it said no such file, and nothing of patterns)', () => {
    const said = whyMissing('deploy/**/*.yaml', { isOldNode: true });
    expect(said).toMatch(/^no such file or folder; it looks like a pattern, .* use Node 22 or newer/);
    expect(whyMissing('deploy/search.yaml', { isOldNode: true })).toBe('no such file or folder');
    expect(whyMissing('deploy/**/*.yaml', { isOldNode: false })).toBe('no such file or folder');
  });

  it.each([
    ['UTF-16, the low byte first', [0xff, 0xfe, 0x61, 0x00, 0x3a, 0x00, 0x20, 0x00, 0xac, 0x20]],
    ['UTF-16, the high byte first', [0xfe, 0xff, 0x00, 0x61, 0x00, 0x3a, 0x00, 0x20, 0x20, 0xac]],
    ['UTF-8', [0xef, 0xbb, 0xbf, 0x61, 0x3a, 0x20, 0xe2, 0x82, 0xac]],
  ])('knows by the byte order mark: %s', async (_encoding, bytes) => {
    const { texts } = await readTexts(['-'], () => Promise.resolve(Uint8Array.from(bytes)));
    expect(texts.map(({ text }) => text)).toEqual(['a: \u20ac']);
  });

  it('says what cannot be read', async () => {
    const tooMuch = new Uint8Array(maxInputBytes + 1);
    const files = ['gone', 'b/bytes.bin', 'b/half.bin'].map((file) => join(root, file));
    const { problems } = await readTexts([...files, '-'], () => Promise.resolve(tooMuch));
    expect(problems.map(({ message }) => message)).toEqual([
      'no such file or folder',
      'not UTF-8 text',
      'not UTF-16 text',
      'larger than 64 MiB',
    ]);
  });
});
