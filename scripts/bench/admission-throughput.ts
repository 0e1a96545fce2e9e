import { startChild, type Child } from './admission/child.ts';
import type { LoadOrder, LoadReport } from './admission/load-process.ts';
import { overrides } from './admission/policy.ts';
import { sampleReviews, type SampleReview } from './admission/reviews.ts';
import { webhookFlags } from './admission/webhook-flags.ts';
import { median } from './median.ts';
import type { Bar, Figure, Measurement } from './measurement.ts';

const connections = 16;
const rounds = 3;
/** Of each review at each side, before anything is measured: what the engine learns from one, it has to know of all. */
const warmUpSeconds = 0.5;
const seconds = 1;

/** Share of the floor's throughput that admission has to keep. */
const share = 0.75;

/** The sides that are ours, and what each is called. */
const titles = {
  validate: 'validate',
  mutate: 'mutate',
  policy: `validate with a policy of ${overrides} overrides`,
} as const;

type Ours = keyof typeof titles;

const measured = ['validate', 'mutate', 'policy'] as const satisfies readonly Ours[];

function barOf(name: Ours): Bar {
  return {
    what: `Admission throughput, ${titles[name]}, of a bare node:https server: the worst of ${sampleReviews.length} reviews`,
    bar: `≥ ${share * 100} %`,
  };
}

interface Side {
  readonly name: 'floor' | Ours;
  readonly server: Child;
  readonly address: { readonly port: number; readonly ca: string };
}

interface Sample {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

/** What one review gave at each side, a sample for each round. */
interface Outcome {
  readonly review: SampleReview;
  readonly samples: Readonly<Record<Side['name'], Sample[]>>;
}

export const admissionThroughput: Measurement = {
  name: 'admission-throughput',
  method:
    `Server and load on one processor each; ${connections} connections (TLS 1.3, kept alive) send one of ` +
    `${sampleReviews.length} reviews of at least 4 KiB: creates and updates of lean and rich MCPServers, each kind of ` +
    'field in number, some with warnings, some refused; what they reference is found out of memory. Admission runs ' +
    'with the flags of Node of image and chart and meets all reviews in one process; the floor is a bare node:https ' +
    'server with no flags, which parses the review and answers with its UID. The policy has overrides by names and globs of ' +
    'namespaces, parameters and exemptions; some hold for the reviews, and the verdicts are the same. For each review the median of ' +
    `${rounds} rounds of ${seconds} s, sides in turn; the bar is for the worst of them.`,
  minutes: 8,
  bars: measured.map(barOf),
  async run(progress) {
    const load = startChild('./load-process.ts', { cpu: 1 });
    const sides = [
      await startSide('floor'),
      await startSide('validate'),
      await startSide('mutate'),
      await startSide('policy'),
    ];
    try {
      for (const review of sampleReviews)
        for (const side of sides) await sample(load, { side, review, duration: warmUpSeconds });
      const outcomes = await takeTurns(load, sides);
      outcomes.map(describe).forEach(progress);
      return measured.map((name) => toFigure(name, outcomes));
    } finally {
      await Promise.all([load, ...sides.map(({ server }) => server)].map((child) => child.stop()));
    }
  },
};

async function startSide(name: Side['name']): Promise<Side> {
  const server =
    name === 'floor'
      ? startChild('./server-process.ts', { args: ['floor'], cpu: 0 })
      : startChild('./server-process.ts', {
          args: [name === 'policy' ? name : 'webhook'],
          cpu: 0,
          flags: webhookFlags,
        });
  // The process tells its address first.
  return { name, server, address: (await server.receive()) as Side['address'] };
}

async function takeTurns(load: Child, sides: readonly Side[]): Promise<readonly Outcome[]> {
  const outcomes = sampleReviews.map((review): Outcome => ({
    review,
    samples: { floor: [], validate: [], mutate: [], policy: [] },
  }));
  for (let round = 0; round < rounds; round += 1) {
    for (const { review, samples } of outcomes) {
      for (const side of sides) samples[side.name].push(await sample(load, { side, review, duration: seconds }));
    }
  }
  return outcomes;
}

interface Turn {
  readonly side: Side;
  readonly review: SampleReview;
  readonly duration: number;
}

async function sample(load: Child, { side, review, duration }: Turn): Promise<Sample> {
  const before = await cpuOf(side.server);
  const order: LoadOrder = {
    ...side.address,
    path: `/${side.name === 'mutate' ? 'mutate' : 'validate'}?timeout=5s`,
    body: review.body.toString('base64'),
    connections,
    seconds: duration,
  };
  const report = (await load.ask(order)) as LoadReport;
  const judges = side.name === 'validate' || side.name === 'policy';
  const refused = judges && review.verdict === 'refused' ? report.answered : 0;
  if (report.refused !== refused)
    throw new Error(`${side.name} refused ${report.refused} of ${report.answered} requests: ${review.name}`);
  return {
    perSecond: report.answered / report.seconds,
    cpuMicros: ((await cpuOf(side.server)) - before) / report.answered,
  };
}

async function cpuOf(server: Child): Promise<number> {
  const { cpuMicros } = (await server.ask({})) as { readonly cpuMicros: number };
  return cpuMicros;
}

function shareOf(name: Ours, { samples }: Outcome): number {
  return perSecond(samples[name]) / perSecond(samples.floor);
}

function perSecond(samples: readonly Sample[]): number {
  return median(samples.map((one) => one.perSecond));
}

function cpuMicros(samples: readonly Sample[]): number {
  return median(samples.map((one) => one.cpuMicros));
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

function describe(outcome: Outcome): string {
  const { review, samples } = outcome;
  const shares = measured.map((name) => `${name} ${percent(shareOf(name, outcome))}`).join(', ');
  const micros = (['floor', ...measured] as const).map((name) => cpuMicros(samples[name]).toFixed(0)).join('/');
  return `${review.name} (${(review.body.length / 1024).toFixed(1)} KiB): ${shares}; ${micros} µs`;
}

function toFigure(name: Ours, outcomes: readonly Outcome[]): Figure {
  const shares = outcomes.map((outcome) => shareOf(name, outcome));
  const worst = Math.min(...shares);
  const { review, samples } = outcomes[shares.indexOf(worst)] ?? noReview();
  return {
    ...barOf(name),
    measured: percent(worst),
    isMet: worst >= share,
    remark:
      `${review.name}: ${Math.round(perSecond(samples[name]))}/s against ${Math.round(perSecond(samples.floor))}/s on ` +
      `one processor, ${cpuMicros(samples[name]).toFixed(1)} µs of CPU against ${cpuMicros(samples.floor).toFixed(1)} ` +
      `µs; the median of all is ${percent(median(shares))}`,
  };
}

function noReview(): never {
  throw new Error('nothing was measured');
}
