import { measurements } from '../bench/catalogue.ts';
import type { Measurement } from '../bench/measurement.ts';
import { readResults, type Result } from '../bench/results.ts';
import type { Generator } from './generator.ts';
import { generatedMarkdownHeader } from './generator.ts';

/** docs/performance.md: what was recorded last, whether the bar is met or not, and what was never measured. */
export const performancePage: Generator = {
  name: 'performance page',
  generate() {
    const results = readResults();
    const sections = measurements.map((measurement) => renderSection(measurement, results[measurement.name]));
    const content = `${generatedMarkdownHeader('scripts/bench/results.json')}
# Performance

What we hold ourselves to, and what was measured. Each table says with which command, when and at which commit; run the
command to get your own figures (\`npm run bench\` runs them all, \`--record\` keeps them). Ratios compare two sides in one
run on one machine, so they travel better than the figures beside them.

A run needs Node, Go, two processors (one for the server, one for the load) and root: the measurements with a cluster bring
up one of their own, \`bench\`, [from packages](../scripts/cluster/README.md), and \`npm run cluster -- down --name bench\`
ends it. Nothing else should run on the machine meanwhile.

${sections.join('\n')}`;
    return Promise.resolve([{ path: 'docs/performance.md', content }]);
  },
};

/** One measurement; exported for its test. */
export function renderSection({ name, method, bars }: Measurement, result: Result | undefined): string {
  const title = `## ${name}\n\n${method}\n\n    npm run bench -- ${name}\n`;
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
