// `npm run bench [-- NAME…] [--record]`: measures the bars of docs/performance.md, all of them or the named ones.
// `--record` keeps the figures in scripts/bench/results.json; `npm run generate` then makes the page of them.
import { ClusterFailure } from '../cluster/failure.ts';
import { createStderrReport } from '../cluster/progress.ts';
import { ImageFailure } from '../image/failure.ts';
import { measurements } from './catalogue.ts';
import type { Figure, Measurement } from './measurement.ts';
import { recordResult } from './results.ts';

const usage = `usage: npm run bench [-- NAME…] [--record]

${measurements.map(({ name, minutes }) => `  ${name.padEnd(22)}about ${minutes} min`).join('\n')}

Measurements with a cluster use one of their own: \`npm run cluster -- down --name bench\` ends it.
`;

function choose(names: readonly string[]): readonly Measurement[] | undefined {
  if (names.length === 0) return measurements;
  const chosen = names.flatMap((name) => measurements.filter((measurement) => measurement.name === name));
  return chosen.length === names.length ? chosen : undefined;
}

function print({ what, measured, bar, isMet, remark }: Figure): void {
  process.stdout.write(
    `${isMet ? '✓' : '✗'} ${what}: ${measured} (bar: ${bar})${remark === undefined ? '' : ` – ${remark}`}\n`,
  );
}

async function measure(chosen: readonly Measurement[], isRecording: boolean): Promise<boolean> {
  const report = createStderrReport();
  let areAllMet = true;
  for (const measurement of chosen) {
    report(`measuring ${measurement.name}`);
    const figures = await measurement.run(report);
    figures.forEach(print);
    if (isRecording) recordResult(measurement, figures);
    areAllMet &&= figures.every(({ isMet }) => isMet);
  }
  return areAllMet;
}

const args = process.argv.slice(2);
const chosen = choose(args.filter((arg) => arg !== '--record'));
if (chosen === undefined) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = (await measure(chosen, args.includes('--record'))) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ClusterFailure) && !(error instanceof ImageFailure)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
