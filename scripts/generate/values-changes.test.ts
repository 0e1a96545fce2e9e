import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { readFile } from 'node:fs/promises';
import { inRepository } from './root.ts';
import { renderChanges, valuesChangesPage, type ChartValues } from './values-changes.ts';

const of = (version: string, values: Readonly<Record<string, string>>): ChartValues => ({
  version,
  usual: new Map(Object.entries(values)),
});

it('tells what is new, what has another default, and what is gone with what to write instead', () => {
  const earlier = of('0.1.0', { a: '1', b: '"x|y"', c: '{}' });
  expect(renderChanges(earlier, of('0.2.0', { a: '1', b: '""', d: '[]' }), { c: '`d`' })).toBe(`## 0.2.0

Since 0.1.0: 1 new, 1 with another default, 1 gone.

| Another default | Before | Now |
| --- | --- | --- |
| \`b\` | \`"x\\|y"\` | \`""\` |

| Gone | Instead |
| --- | --- |
| \`c\` | \`d\` |

| New | Default |
| --- | --- |
| \`d\` | \`[]\` |
`);
});

it('says so where nothing differs', () => {
  expect(renderChanges(of('1', { a: '1' }), of('2', { a: '1' }))).toBe(
    '## 2\n\nSince 1: 0 new, 0 with another default, 0 gone.\n',
  );
});

it('lets no value go without a word on what to write instead', () => {
  expect(() => renderChanges(of('1', { a: '1' }), of('2', {}))).toThrow(/a is gone: say in/);
});

it('has each value of the chart that no version had, and none that one had', async () => {
  const [page] = await valuesChangesPage.generate();
  const first = JSON.parse(
    await readFile(inRepository('scripts/generate/values-of-versions/0.1.0.json'), 'utf8'),
  ) as object;
  const isNew = (path: string): boolean => (page?.content ?? '').includes(`\n| \`${path}\` | `);
  for (const path of ['image.requireDigest', 'serviceMonitor.serverNames']) {
    expect([path, path in first, isNew(path)]).toEqual([path, false, true]);
  }
  expect(['replicas', 'webhook.port'].map((path) => [path in first, isNew(path)])).toEqual([
    [true, false],
    [true, false],
  ]);
});

it('compares with versions that the chart has had', async () => {
  const { version } = parse(await readFile(inRepository('chart/Chart.yaml'), 'utf8')) as { readonly version: string };
  const [page] = await valuesChangesPage.generate();
  const sections = [...(page?.content ?? '').matchAll(/^## (\S+)\n\nSince (\S+):/gm)].map(([, later, earlier]) => [
    later,
    earlier,
  ]);
  expect(sections[0]?.[0]).toBe('Unreleased');
  expect(version.localeCompare(sections[0]?.[1] ?? '', 'en', { numeric: true })).toBeGreaterThanOrEqual(0);
});
