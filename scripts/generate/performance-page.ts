import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { admissionThroughput } from '../bench/admission-throughput.ts';
import { measurements } from '../bench/catalogue.ts';
import type { Figure, Measurement } from '../bench/measurement.ts';
import { memory } from '../bench/memory.ts';
import { quiet } from '../bench/quiet.ts';
import { readResults, type Result, type Results } from '../bench/results.ts';
import { thousandServers } from '../bench/thousand-servers.ts';
import type { Generator } from './generator.ts';
import { generatedMarkdownHeader } from './generator.ts';
import { inRepository } from './root.ts';

/** docs/performance.md: what was recorded last, whether the bar is met or not, and what was never measured. */
export const performancePage: Generator = {
  name: 'performance page',
  async generate() {
    const results = readResults();
    // Written by us; a value that is gone shows up as `undefined` in the page, and in its test.
    const values = parse(await readFile(inRepository('chart/values.yaml'), 'utf8')) as ChartValues;
    const sections = measurements.map((measurement) => renderSection(measurement, results[measurement.name]));
    const content = `${generatedMarkdownHeader('scripts/bench/results.json')}
# Performance

What we hold ourselves to, and what was measured. Each table says how, with which command, when and at which commit (\`+\`: with
changes that were not committed); run the command to get your own figures (\`npm run bench\` runs them all, \`--record\` keeps
them). Ratios compare two sides in one run on one machine, so they travel better than the figures beside them.

A run needs Node, Go, two processors (one for the server, one for the load) and root: the measurements with a cluster bring
up one of their own, \`bench\`, [from packages](../scripts/cluster/README.md), and \`npm run cluster -- down --name bench\`
ends it. Nothing else should run on the machine meanwhile.

${sections.join('\n')}
${renderSizing(results, values)}`;
    return [{ path: 'docs/performance.md', content }];
  },
};

/** What is read of chart/values.yaml. */
export interface ChartValues {
  readonly replicas: number;
  readonly webhook: { readonly resources: Resources };
  readonly reconciler: { readonly resources: Resources };
}

interface Resources {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly memory: string };
}

/** The figures that an operator needs to size the pods, beside the defaults they were measured with; exported for its test. */
export function renderSizing(results: Results, { replicas, webhook, reconciler }: ChartValues): string {
  const both = (read: (resources: Resources) => string): string =>
    [...new Set([webhook, reconciler].map(({ resources }) => read(resources)))].join(', ');
  const rows: readonly (readonly [what: string, byDefault: string, measured: readonly (Figure | undefined)[]])[] = [
    ['memory of a container: limit', both(({ limits }) => limits.memory), figuresOf(memory, results)],
    ['memory of a container: request', both(({ requests }) => requests.memory), figuresOf(memory, results).slice(0, 1)],
    [
      'CPU of a container: request, no limit',
      both(({ requests }) => requests.cpu),
      [...figuresOf(quiet, results), ...figuresOf(thousandServers, results).slice(0, 2)],
    ],
    ['replicas', String(replicas), figuresOf(admissionThroughput, results)],
  ];
  const lines = rows.map(
    ([what, byDefault, measured]) => `| ${what} | ${byDefault} | ${cell(measured.map(renderFigure).join('<br>'))} |`,
  );
  return `## sizing

How to decide is in the [install guide](guides/install.md#sizing); these are the figures from above that it rests on.

| What | Default | Measured with the defaults |
| --- | --- | --- |
${lines.join('\n')}
`;
}

function figuresOf({ name, bars }: Measurement, results: Results): readonly (Figure | undefined)[] {
  const { figures } = results[name] ?? { figures: [] };
  return figures.length === 0 ? bars.map(() => undefined) : figures;
}

function renderFigure(figure: Figure | undefined): string {
  if (figure === undefined) return 'not measured yet';
  const { what, measured, remark } = figure;
  return `${what}: ${measured}${remark === undefined ? '' : ` (${remark})`}`;
}

/** One measurement; exported for its test. */
export function renderSection({ name, method, bars }: Measurement, result: Result | undefined): string {
  const title = `## ${name}\n\n${result?.method ?? method}\n\n    npm run bench -- ${name}\n`;
  if (result === undefined) {
    const known = bars.map(({ what, bar }) => `| ${cell(what)} | ${cell(bar)} |`);
    return `${title}\nNot measured yet.\n\n| What | Bar |\n| --- | --- |\n${known.join('\n')}\n`;
  }
  const rows = result.figures.map(
    ({ what, measured, bar, isMet, remark = '' }) =>
      `| ${cell(what)} | ${cell(measured)} | ${cell(bar)} | ${isMet ? 'yes' : '**no**'} | ${cell(remark)} |`,
  );
  return `${title}
${result.date}, commit ${result.commit}, ${result.machine}.

| What | Measured | Bar | Met | Remark |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
