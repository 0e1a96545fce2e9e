import { startChild, type Child } from './admission/child.ts';
import type { LoadOrder, LoadReport } from './admission/load-process.ts';
import { createReview } from './admission/review.ts';
import { webhookFlags } from './admission/webhook-flags.ts';
import { median } from './median.ts';
import type { Bar, Figure, Measurement, Progress } from './measurement.ts';

const connections = 16;
const rounds = 5;
const warmUpSeconds = 3;
const seconds = 4;

/** Share of the floor's throughput that admission has to keep. */
const share = 0.75;

/** The two sides that are ours. */
const measured = ['validate', 'mutate'] as const;

function barOf(name: string): Bar {
  return { what: `Admission throughput, ${name}, of a bare node:https server`, bar: `≥ ${share * 100} %` };
}

interface Side {
  readonly name: 'floor' | 'validate' | 'mutate';
  readonly server: Child;
  readonly address: { readonly port: number; readonly ca: string };
}

interface Sample {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

export const admissionThroughput: Measurement = {
  name: 'admission-throughput',
  method:
    `Server and load on one processor each; ${connections} connections (TLS 1.3, kept alive) send the CREATE of an ` +
    'MCPServer in a review of 4 KiB that names two ConfigMaps and a Secret (found, out of memory). Admission runs with ' +
    'the flags of Node of image and chart; the floor is a bare node:https server with none, which parses the review and ' +
    `answers with its UID. Median of ${rounds} rounds, sides in turn.`,
  minutes: 2,
  bars: measured.map(barOf),
  async run(progress) {
    const load = startChild('./load-process.ts', { cpu: 1 });
    const sides = [await startSide('floor'), await startSide('validate'), await startSide('mutate')];
    try {
      for (const side of sides) await sample(load, side, warmUpSeconds);
      const samples = await takeTurns(load, sides, progress);
      return measured.map((name) => toFigure(name, samples.get(name) ?? [], samples.get('floor') ?? []));
    } finally {
      await Promise.all([load, ...sides.map(({ server }) => server)].map((child) => child.stop()));
    }
  },
};

async function startSide(name: Side['name']): Promise<Side> {
  const server =
    name === 'floor'
      ? startChild('./server-process.ts', { args: ['floor'], cpu: 0 })
      : startChild('./server-process.ts', { args: ['webhook'], cpu: 0, flags: webhookFlags });
  // The process tells its address first.
  return { name, server, address: (await server.receive()) as Side['address'] };
}

async function takeTurns(
  load: Child,
  sides: readonly Side[],
  progress: Progress,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const samples = new Map<string, Sample[]>(sides.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const side of sides) {
      const taken = await sample(load, side, seconds);
      samples.get(side.name)?.push(taken);
      progress(`round ${round}: ${side.name} ${Math.round(taken.perSecond)}/s, ${taken.cpuMicros.toFixed(1)} µs each`);
    }
  }
  return samples;
}

async function sample(load: Child, { name, server, address }: Side, duration: number): Promise<Sample> {
  const before = await cpuOf(server);
  const order: LoadOrder = {
    ...address,
    path: `/${name === 'floor' ? 'validate' : name}?timeout=5s`,
    body: createReview().toString('base64'),
    connections,
    seconds: duration,
  };
  const report = (await load.ask(order)) as LoadReport;
  if (report.refused > 0) throw new Error(`${report.refused} requests were refused: the bench measures allowed ones`);
  return { perSecond: report.answered / report.seconds, cpuMicros: ((await cpuOf(server)) - before) / report.answered };
}

async function cpuOf(server: Child): Promise<number> {
  const { cpuMicros } = (await server.ask({})) as { readonly cpuMicros: number };
  return cpuMicros;
}

function toFigure(name: string, samples: readonly Sample[], floor: readonly Sample[]): Figure {
  const ours = median(samples.map(({ perSecond }) => perSecond));
  const theirs = median(floor.map(({ perSecond }) => perSecond));
  const cpu = median(samples.map(({ cpuMicros }) => cpuMicros));
  const floorCpu = median(floor.map(({ cpuMicros }) => cpuMicros));
  return {
    ...barOf(name),
    measured: `${Math.round((ours / theirs) * 100)} %`,
    isMet: ours / theirs >= share,
    remark:
      `${Math.round(ours)}/s against ${Math.round(theirs)}/s on one processor; ` +
      `${cpu.toFixed(1)} µs of CPU against ${floorCpu.toFixed(1)} µs`,
  };
}
