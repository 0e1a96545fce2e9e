import { describe, expect, it } from '@jest/globals';
import { findOrphans, findStale } from './files.ts';
import { generatedMark, type GeneratedFile } from './generator.ts';
import { generators } from './generators.ts';
import { repositoryRoot } from './root.ts';

/** Of the schema of values one line is generated, and says so itself. */
const isWhole = ({ path }: GeneratedFile): boolean => path !== 'chart/values.schema.json';

describe.each(generators.map((generator) => [generator.name, generator] as const))('%s', (_name, generator) => {
  it('generates what is committed, so that nothing derived can differ from its source', async () => {
    const stale = await findStale(await generator.generate(), repositoryRoot);
    expect(stale.map(({ path }) => path)).toEqual([]);
  });

  it('leaves nothing behind of what it wrote once', async () => {
    const { folder } = generator;
    const files = await generator.generate();
    expect(folder === undefined ? [] : await findOrphans(files, folder, repositoryRoot)).toEqual([]);
  });

  it('generates the same bytes twice', async () => {
    expect(await generator.generate()).toEqual(await generator.generate());
  });

  it('says at the head that the file is generated, but where one line of it is', async () => {
    for (const { content } of await generator.generate().then((files) => files.filter(isWhole))) {
      // The first line of JSON may be a brace only.
      expect(content.replace(/^\{\n/, '').split('\n', 1).join()).toContain(generatedMark);
    }
  });
});

it('has no file that two generators write', async () => {
  const files = (await Promise.all(generators.map((generator) => generator.generate()))).flat();
  expect(new Set(files.map(({ path }) => path)).size).toBe(files.length);
});
