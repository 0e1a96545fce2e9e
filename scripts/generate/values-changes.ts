import { readdir, readFile } from 'node:fs/promises';
import type { Generator } from './generator.ts';
import { generatedMarkdownHeader } from './generator.ts';
import { inRepository } from './root.ts';
import { cell, readValues } from './values-page.ts';

/** Every value of the chart in one version, with its default. */
export interface ChartValues {
  readonly version: string;
  /** As JSON, by path: `webhook.port`. */
  readonly usual: ReadonlyMap<string, string>;
}

/** One file for each version: `{"webhook.port": 10250, …}`. */
const folder = 'scripts/generate/values-of-versions';

/** What to write in place of a value that is gone: Helm refuses it by name, and people look here. */
const insteadOf: Readonly<Record<string, string>> = {};

/** What differs, as Markdown; `later` is what follows `earlier`. */
export function renderChanges(
  earlier: ChartValues,
  later: ChartValues,
  instead: Readonly<Record<string, string>> = insteadOf,
): string {
  const added = [...later.usual].filter(([path]) => !earlier.usual.has(path));
  const changed = [...later.usual].filter(([path, usual]) => (earlier.usual.get(path) ?? usual) !== usual);
  const removed = [...earlier.usual.keys()].filter((path) => !later.usual.has(path));
  return [
    `## ${later.version}\n\nSince ${earlier.version}: ${added.length} new, ${changed.length} with another default, ${removed.length} gone.\n`,
    table(
      'Another default | Before | Now',
      changed.map(([path, usual]) => [path, code(earlier.usual.get(path) ?? ''), code(usual)]),
    ),
    table(
      'Gone | Instead',
      removed.map((path) => [path, sayInstead(path, instead)]),
    ),
    table(
      'New | Default',
      added.map(([path, usual]) => [path, code(usual)]),
    ),
  ].join('');
}

function sayInstead(path: string, instead: Readonly<Record<string, string>>): string {
  const words = instead[path];
  if (words === undefined)
    throw new Error(`${path} is gone: say in scripts/generate/values-changes.ts what to write instead`);
  return words;
}

function table(head: string, rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const lines = rows.map(([path = '', ...cells]) => `| \`${path}\` | ${cells.join(' | ')} |`);
  const rule = head.replaceAll(/[^|]+/g, ' --- ');
  return `\n| ${head} |\n|${rule}|\n${lines.join('\n')}\n`;
}

function code(json: string): string {
  return `\`${cell(json)}\``;
}

/** The newest first; what is in the repository is `Unreleased`. */
async function readVersions(): Promise<readonly ChartValues[]> {
  const files = (await readdir(inRepository(folder))).sort((one, other) =>
    other.localeCompare(one, 'en', { numeric: true }),
  );
  const released = await Promise.all(
    files.map(async (file) => {
      const read = JSON.parse(await readFile(inRepository(`${folder}/${file}`), 'utf8')) as object;
      const usual = Object.entries(read).map(
        ([path, value]: [string, unknown]) => [path, JSON.stringify(value)] as const,
      );
      return { version: file.replace(/\.json$/, ''), usual: new Map(usual) };
    }),
  );
  const values = readValues(await readFile(inRepository('chart/values.yaml'), 'utf8'));
  const usual = values.flatMap((value) => (value.usual === undefined ? [] : [[value.path, value.usual] as const]));
  return [{ version: 'Unreleased', usual: new Map(usual) }, ...released];
}

/** docs/reference/values-changes.md: what is new, other or gone in each version, out of values.yaml and what versions had. */
export const valuesChangesPage: Generator = {
  name: 'changes of values page',
  async generate() {
    const versions = await readVersions();
    const sections = versions.flatMap((later, index) => {
      const earlier = versions[index + 1];
      return earlier === undefined ? [] : [renderChanges(earlier, later)];
    });
    const content = `${generatedMarkdownHeader('chart/values.yaml')}
# Changes of the chart's values

What each value does is in [values](values.md). [An upgrade](../guides/install.md#upgrade) with \`--reset-then-reuse-values\` keeps what you set and takes new defaults; a value that is
gone is refused by name. No version is published yet: 0.1.0 is here what the repository had at commit 795cee4e.

${sections.join('\n')}`;
    return [{ path: 'docs/reference/values-changes.md', content }];
  },
};
