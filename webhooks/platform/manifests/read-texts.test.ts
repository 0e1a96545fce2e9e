import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { maxInputBytes, readTexts } from './read-texts.ts';

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
    writeFileSync(join(root, 'b/bytes.bin'), Buffer.from([0xff, 0xfe]));
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
    expect(texts.map(({ file }) => relative(file))).toEqual(['a.yaml', 'b/d.json', 'b/link.yaml', 'c.yml']);
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

  it('says what cannot be read', async () => {
    const tooMuch = new Uint8Array(maxInputBytes + 1);
    const { problems } = await readTexts([join(root, 'gone'), join(root, 'b/bytes.bin'), '-'], () =>
      Promise.resolve(tooMuch),
    );
    expect(problems.map(({ message }) => message)).toEqual([
      'no such file or folder',
      'not UTF-8 text',
      'larger than 64 MiB',
    ]);
  });
});
