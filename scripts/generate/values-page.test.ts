import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { readValues } from './values-page.ts';
import { inRepository } from './root.ts';

it('has each value under its path, with its default and what stands behind the dashes', () => {
  const text = `# Of the whole file.

# Of a group,
# in two lines.
group:
  # -- The first,
  # in two lines.
  a: 1
  # Of a group in it.
  inner:
    # -- Text.
    b: ""
  resources:
    limits: {cpu: 1}
# -- A list.
c: [1, two]
`;
  expect(readValues(text)).toEqual([
    { path: 'group', meaning: 'Of a group, in two lines.', usual: undefined },
    { path: 'group.a', meaning: 'The first, in two lines.', usual: '1' },
    { path: 'group.inner', meaning: 'Of a group in it.', usual: undefined },
    { path: 'group.inner.b', meaning: 'Text.', usual: '""' },
    { path: 'group.resources', meaning: '', usual: '{"limits":{"cpu":1}}' },
    { path: 'c', meaning: 'A list.', usual: '[1,"two"]' },
  ]);
});

it('finds nothing to say of no value of the chart', async () => {
  const values = readValues(await readFile(inRepository('chart/values.yaml'), 'utf8'));
  expect(values.length).toBeGreaterThan(80);
  expect(values.filter(({ meaning }) => meaning === '')).toEqual([]);
});
