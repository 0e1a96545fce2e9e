import type { Stage } from './stage.ts';

/** One line of the API server's metrics: `name{label="value"} 1`. */
export interface Metric {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The API server's own metrics whose name begins with `prefix`. */
export async function readApiMetrics(stage: Stage, prefix: string): Promise<readonly Metric[]> {
  const text = await stage.kubectl('get', '--raw', '/metrics');
  return text
    .split('\n')
    .filter((line) => line.startsWith(prefix))
    .map(parseMetric);
}

function parseMetric(line: string): Metric {
  const [, name = '', labels = '', value = ''] = /^([^{ ]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  const pairs = [...labels.matchAll(/([^=,]+)="((?:[^"\\]|\\.)*)"/g)];
  return {
    name,
    labels: Object.fromEntries(pairs.map(([, key = '', text = '']) => [key, text])),
    value: Number(value),
  };
}

/** What one series grew by between two readings. */
export function growth(before: readonly Metric[], after: readonly Metric[]): readonly Metric[] {
  const keyOf = ({ name, labels }: Metric): string => `${name} ${JSON.stringify(labels)}`;
  const old = new Map(before.map((metric) => [keyOf(metric), metric.value]));
  return after.map((metric) => ({ ...metric, value: metric.value - (old.get(keyOf(metric)) ?? 0) }));
}

const writeVerbs = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'DELETECOLLECTION']);

/** Whose status the controllers of Kubernetes write. */
const ofControllers = new Set(['deployments', 'horizontalpodautoscalers']);

/** Of the growth of `apiserver_request_total`: what was written to these resources (plurals), by anybody but Kubernetes itself. */
export function writesTo(resources: readonly string[], grown: readonly Metric[]): readonly Metric[] {
  return grown.filter(({ labels, value }) => {
    const { verb = '', resource = '', subresource = '' } = labels;
    const isOfControllers = ofControllers.has(resource) && subresource === 'status';
    return value > 0 && writeVerbs.has(verb) && resources.includes(resource) && !isOfControllers;
  });
}

/**
 * Of one or more series together: the value below which `share` of the observations lie, from the buckets of a histogram (`le` labels), straight between
 * the two ends of a bucket, as Prometheus' histogram_quantile reads it.
 */
export function quantile(buckets: readonly Metric[], share: number): number {
  const counts = new Map<number, number>();
  for (const { labels, value } of buckets) {
    const end = labels['le'] === '+Inf' ? Infinity : Number(labels['le']);
    counts.set(end, (counts.get(end) ?? 0) + value);
  }
  const sorted = [...counts].map(([end, count]) => ({ end, count })).sort((a, b) => a.end - b.end);
  if ((sorted.at(-1)?.count ?? 0) === 0) throw new Error('nothing was observed');
  const wanted = (sorted.at(-1)?.count ?? 0) * share;
  let start = { end: 0, count: 0 };
  for (const bucket of sorted) {
    if (bucket.count >= wanted) {
      if (bucket.end === Infinity) return start.end;
      return start.end + ((bucket.end - start.end) * (wanted - start.count)) / Math.max(1, bucket.count - start.count);
    }
    start = bucket;
  }
  throw new Error('a histogram without +Inf');
}
