import { kinds } from '../../e2e/servers/odd-answers.ts';
import { seeOnCluster } from './hostile/on-cluster.ts';
import { seeAmongTenants, type Crowd, type Seen } from './hostile/stand-in.ts';
import type { Figure, Measurement } from './measurement.ts';

const crowd: Crowd = { good: 200, ofEachKind: 50, periodSeconds: { good: 10, odd: 5 }, seconds: 180 };
const onCluster = { good: 20, periodSeconds: 10, seconds: 90 };
const oddKinds = Object.keys(kinds).length - 1;

/** A period varies by 15 %; the rest is what an answer may take. */
const longestWaitMs = crowd.periodSeconds.good * 1_000 * 1.15 + 1_500;

const bars = {
  wait: {
    what: `The longest that one of ${crowd.good} good servers (period ${crowd.periodSeconds.good} s) waits for the next question`,
    bar: `≤ ${(longestWaitMs / 1_000).toFixed(1)} s`,
  },
  verdicts: { what: 'Good servers that lost their verdict, kinds that were misjudged', bar: '0' },
  ends: { what: 'Times that the process ended', bar: '0' },
  memory: { what: 'Most anonymous memory of the reconciler', bar: '< 50 MB' },
  lease: { what: 'The longest between two renewals of the Lease', bar: '< 10 s' },
  clusterWait: {
    what: `On a cluster: the longest that one of ${onCluster.good} good servers (period ${onCluster.periodSeconds} s) waits`,
    bar: `≤ ${(longestWaitMs / 1_000).toFixed(1)} s`,
  },
  clusterVerdicts: { what: 'On a cluster: good servers that lost their verdict, kinds that were misjudged', bar: '0' },
  restarts: { what: 'On a cluster: restarts of our containers', bar: '0' },
  clusterMemory: { what: 'On a cluster: most anonymous memory of one of our containers', bar: '< 50 MB' },
  admissions: { what: 'On a cluster: failed admissions, of 100 creates a second', bar: '0' },
  latency: { what: 'On a cluster: admission latency, validate, p99 seen by the API server', bar: '< 10 ms' },
};

export const hostileTenants: Measurement = {
  name: 'hostile-tenants',
  method:
    `The reconciler (the bundle, with the flags of image and chart) with an API server and Services that stand in for a ` +
    `cluster: ${crowd.good} good servers in one namespace, and in another ${crowd.ofEachKind} of each of ${oddKinds} ` +
    `kinds that answer what no server should, asked every ${crowd.periodSeconds.odd} s, for ${crowd.seconds} s. Then on a ` +
    `real cluster ${onCluster.good} good ones and one of each kind, with 100 creates a second, for ${onCluster.seconds} s.`,
  minutes: 10,
  bars: Object.values(bars),
  async run(progress) {
    const among = figuresAmong(await seeAmongTenants(crowd, progress));
    const { restarts, failed, sent, latencyMs, ...seen } = await seeOnCluster(onCluster, progress);
    return [
      ...among,
      waitFigure(bars.clusterWait, seen.waits),
      verdictFigure(bars.clusterVerdicts, seen),
      { ...bars.restarts, measured: String(restarts), isMet: restarts === 0 },
      memoryFigure(bars.clusterMemory, seen.memoryBytes),
      { ...bars.admissions, measured: String(failed), isMet: failed === 0, remark: `of ${sent}` },
      { ...bars.latency, measured: `${latencyMs.toFixed(1)} ms`, isMet: latencyMs < 10 },
    ];
  },
};

function figuresAmong(seen: Seen): readonly Figure[] {
  const leaseSeconds = seen.leaseGapMs / 1_000;
  return [
    { ...waitFigure(bars.wait, seen.waits), remark: `${seen.cpuSeconds.toFixed(0)} s of CPU since the start` },
    verdictFigure(bars.verdicts, seen),
    { ...bars.ends, measured: String(seen.ends), isMet: seen.ends === 0 },
    memoryFigure(bars.memory, seen.memoryBytes),
    { ...bars.lease, measured: `${leaseSeconds.toFixed(1)} s`, isMet: leaseSeconds < 10 },
  ];
}

function waitFigure(bar: (typeof bars)['wait'], waits: readonly number[]): Figure {
  const longest = Math.max(...waits);
  return { ...bar, measured: `${(longest / 1_000).toFixed(1)} s`, isMet: waits.length > 0 && longest <= longestWaitMs };
}

function verdictFigure(bar: (typeof bars)['verdicts'], { lost, misjudged }: Pick<Seen, 'lost' | 'misjudged'>): Figure {
  const wrong = [...lost, ...misjudged];
  return { ...bar, measured: wrong.length === 0 ? '0' : wrong.join(', '), isMet: wrong.length === 0 };
}

function memoryFigure(bar: (typeof bars)['memory'], bytes: number): Figure {
  return { ...bar, measured: `${(bytes / 1e6).toFixed(0)} MB`, isMet: bytes < 50e6 };
}
