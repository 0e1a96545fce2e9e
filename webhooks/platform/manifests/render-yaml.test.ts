import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseManifests } from './parse-manifests.ts';
import { renderYaml } from './render-yaml.ts';

const readBack = (text: string): readonly unknown[] => parseManifests('-', text).manifests.map(({ value }) => value);

it('quotes texts that kubectl would read as something else', () => {
  const value = {
    on: 'on',
    '0777': '0777',
    list: ['y', '1_000', '<<', '~', '', 'plain'],
    merge: { '<<': { a: '1e3' } },
  };
  expect(readBack(renderYaml([value, { second: true }]))).toEqual([value, { second: true }]);
});

it('escapes what kubectl refuses in a file or folds into a space', () => {
  const value = { 'a\u0085': ['next\u0085line', '\uFEFFbom', 'two\nlines\u2028three', 'del\u007F', 'fine: 🤔'] };
  const text = renderYaml([value]);
  expect(text).not.toMatch(/[\u007F-\u009F\u2028\u2029\uFEFF]/);
  expect(readBack(text)).toEqual([value]);
});

it('writes nothing for nothing', () => {
  expect(renderYaml([])).toBe('');
});

it('is read back as it was, whatever it holds', () => {
  const text = fc.oneof(
    fc.constantFrom('y', 'on', '08', '1_0', '=', '- a', '{', '# x', 'a: b', 'a\nb ', ' x'),
    fc.string(),
  );
  const tree = fc.letrec((tie) => ({
    node: fc.oneof({ maxDepth: 3 }, text, fc.integer(), fc.boolean(), tie('list'), tie('map')),
    list: fc.array(tie('node'), { maxLength: 3 }),
    map: fc.dictionary(fc.oneof(text, fc.string()), tie('node'), { maxKeys: 3, noNullPrototype: true }),
  }));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('a', 'y', '0x1'), tree.node, { noNullPrototype: true }), (value) => {
      expect(readBack(renderYaml([value]))).toEqual([value]);
    }),
  );
});
