import { readFile } from 'node:fs/promises';
import { isMap, isScalar, parseDocument, type Pair, type YAMLMap } from 'yaml';
import type { Generator } from './generator.ts';
import { generatedMarkdownHeader } from './generator.ts';
import { inRepository } from './root.ts';

/** A value of the chart, or a group of them, as values.yaml has it. */
export interface ChartValue {
  /** `webhook.failurePolicy.validating`. */
  readonly path: string;
  /** What stands behind `# --`: what the value does; empty where nobody said it. */
  readonly meaning: string;
  /** As JSON; of a group nothing. */
  readonly usual: string | undefined;
}

/** What is in them is no value of ours: keys of Kubernetes, or of whoever reads labels. */
const wholes = ['resources', 'labels'];

/** Every value, and before its values each group that says something. */
export function readValues(text: string): readonly ChartValue[] {
  const { contents } = parseDocument(text);
  return isMap(contents) ? valuesIn(contents, []) : [];
}

function valuesIn(map: YAMLMap, above: readonly string[]): readonly ChartValue[] {
  return map.items.flatMap((pair, index) => {
    const key = keyOf(pair);
    const path = [...above, key];
    // A comment above the first key of a map is one of the map.
    const comment = (isScalar(pair.key) ? pair.key.commentBefore : undefined) ?? (index === 0 ? map.commentBefore : '');
    const { intro, meaning } = split(comment ?? '');
    const isGroup = isMap(pair.value) && pair.value.items.length > 0 && !wholes.includes(key);
    if (!isGroup) {
      const usual = JSON.stringify(isMap(pair.value) || !isScalar(pair.value) ? toJson(pair.value) : pair.value.value);
      return [{ path: path.join('.'), meaning, usual }];
    }
    const group = { path: path.join('.'), meaning: meaning === '' ? intro : meaning, usual: undefined };
    return [...(group.meaning === '' ? [] : [group]), ...valuesIn(pair.value as YAMLMap, path)];
  });
}

function keyOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : '';
}

function toJson(node: unknown): unknown {
  return typeof node === 'object' && node !== null && 'toJSON' in node
    ? (node.toJSON as () => unknown).call(node)
    : node;
}

/** A comment's last paragraph is about what follows; in front of `--` the group speaks. */
function split(comment: string): { readonly intro: string; readonly meaning: string } {
  const [intro = '', meaning = ''] = comment.split(/^ -- /m);
  const [last = ''] = intro
    .trim()
    .split(/\n\s*\n/)
    .slice(-1);
  return { intro: flow(last), meaning: flow(meaning) };
}

function flow(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').trim();
}

/** docs/reference/values.md: every value of the chart, out of values.yaml. */
export const valuesPage: Generator = {
  name: 'values page',
  async generate() {
    const values = readValues(await readFile(inRepository('chart/values.yaml'), 'utf8'));
    const content = `${generatedMarkdownHeader('chart/values.yaml')}
# Values of the chart

Out of [chart/values.yaml](../../chart/values.yaml); [the schema beside it](../../chart/values.schema.json) refuses whatever is not listed here. Which of them are worth
a thought before the first install is in [the guide](../guides/install.md#values-worth-knowing). A value that is absent, or null, is as below, but for \`resources\`,
\`podSecurityContext\` and \`networkPolicy.metricsFrom\`: nothing there is no limit, no id, and everybody.

| Value | Default | Meaning |
| --- | --- | --- |
${values.map(renderRow).join('\n')}
`;
    return [{ path: 'docs/reference/values.md', content }];
  },
};

function renderRow({ path, meaning, usual }: ChartValue): string {
  return `| \`${path}\` | ${usual === undefined ? '' : `\`${cell(usual)}\``} | ${linked(cell(meaning))} |`;
}

export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

/** Paths of pages are links, as seen from docs/reference. */
function linked(text: string): string {
  return text.replaceAll(/\bdocs\/((?:guides|reference)\/[\w-]+\.md|compatibility\.md)/g, '[$&](../$1)');
}
