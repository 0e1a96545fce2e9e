import { API } from '../core/mcpserver/api.ts';
import { CONTAINER_NAME } from '../core/mcpserver/names.ts';
import { present } from '../core/mcpserver/record.ts';
import { keyOf, splitKey } from '../platform/kube/object.ts';
import type { Prometheus, Sample } from '../platform/prometheus.ts';
import { most, type ReadPods } from './cost-read.ts';
import type { Amounts, ServerCost } from './cost-suggestion.ts';

/** What a recording rule makes of what gateways count (docs/guides/cost.md). */
const REQUESTS = 'mcp_server:requests:rate5m';

/** What is counted in steps of it was there for so long, in milliseconds, wherever there are gaps. */
const hourMs = 3_600_000;

/** One that was called within so many milliseconds is not idle: the rate looks back at five minutes, and so does a step. */
const busyMs = 15 * 60_000;

export type Past = Pick<ServerCost, 'used' | 'measuredMs' | 'idle'>;

interface Asked {
  /** As PromQL writes it: `7d`. */
  readonly window: string;
  /** Empty: every one. No more than a name can be. */
  readonly namespace: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** The pods that are there, by key of their server. */
  readonly servers: ReadPods['servers'];
}

export interface ReadPast {
  readonly of: (server: { readonly namespace: string; readonly name: string; readonly deployment: string }) => Past;
  readonly problems: readonly string[];
}

/** What Prometheus has seen of containers (cAdvisor's metrics) and of requests. */
export async function readPast(
  prometheus: Prometheus,
  { window, namespace, nowMs, servers: known }: Asked,
): Promise<ReadPast> {
  const where = namespace === '' ? '' : `namespace="${namespace}"`;
  const ours = `{${[`container="${CONTAINER_NAME}"`, where].filter((matcher) => matcher !== '').join(',')}}`;
  const memory = `container_memory_working_set_bytes${ours}`;
  const cpu = `rate(container_cpu_usage_seconds_total${ours}[5m])`;
  const requests = `${REQUESTS}{${where}}`;
  const pods = 'by (namespace, pod)';
  const servers = 'by (namespace, mcpserver)';
  const queries = {
    memory: `max ${pods} (max_over_time(${memory}[${window}]))`,
    // A moment of work is no reason to keep a core for it.
    cpu: `max ${pods} (quantile_over_time(0.95, ${cpu}[${window}:5m]))`,
    measured: `max ${pods} (count_over_time(${memory}[${window}:1h]))`,
    called: `max ${servers} (max_over_time(timestamp(${requests} > 0)[${window}:5m]))`,
    counted: `max ${servers} (count_over_time(${requests}[${window}:1h]))`,
  };
  const serverOfPod = toServerOfPod(known);
  const problems: string[] = [];
  const ask = async (name: keyof typeof queries): Promise<readonly Sample[] | undefined> => {
    const answer = await prometheus.query(queries[name]);
    if (answer.ok) return answer.samples;
    problems.push(answer.why);
    return undefined;
  };
  // One after the other: each looks back at weeks.
  const used = new Map<string, Amounts>();
  gather(used, (await ask('memory')) ?? [], serverOfPod, (value, known = {}) => most(known, { memory: value }));
  gather(used, (await ask('cpu')) ?? [], serverOfPod, (value, known = {}) => most(known, { cpu: value * 1_000 }));
  const longest = (value: number, known = 0): number => Math.max(known, value);
  const measured = gather(new Map<string, number>(), (await ask('measured')) ?? [], serverOfPod, longest);
  const idleOf = toIdle(await ask('called'), await ask('counted'), nowMs);
  return {
    problems: [...new Set(problems)],
    of: ({ namespace: of, name, deployment }) => {
      const pods = keyOf({ kind: API.kind, namespace: of, name: deployment });
      const hours = measured.get(pods);
      return present({
        used: used.get(pods),
        measuredMs: hours === undefined ? undefined : hours * hourMs,
        ...idleOf(keyOf({ kind: API.kind, namespace: of, name })),
      });
    },
  };
}

/** By key of the server. Where either answer is missing nothing is known: one that was called would look idle. */
function toIdle(
  called: readonly Sample[] | undefined,
  counted: readonly Sample[] | undefined,
  nowMs: number,
): (server: string) => Pick<Past, 'idle'> {
  if (called === undefined || counted === undefined) return () => ({});
  const last = gather(new Map<string, number>(), called, serverOfRequests, (value) => value);
  const hours = gather(new Map<string, number>(), counted, serverOfRequests, (value) => value);
  return (server) => {
    const seconds = last.get(server);
    const hoursCounted = hours.get(server);
    if (seconds === undefined)
      return hoursCounted === undefined ? {} : { idle: { ms: hoursCounted * hourMs, isAtLeast: true } };
    const ms = nowMs - seconds * 1_000;
    return { idle: { ms: ms < busyMs ? 0 : ms, isAtLeast: false } };
  };
}

/** What is said of each server by all samples of it. */
function gather<Value>(
  into: Map<string, Value>,
  samples: readonly Sample[],
  serverOf: (labels: Sample['labels']) => string | undefined,
  next: (value: number, known: Value | undefined) => Value,
): Map<string, Value> {
  for (const { labels, value } of samples) {
    const server = serverOf(labels);
    if (server !== undefined) into.set(server, next(value, into.get(server)));
  }
  return into;
}

/**
 * Pods that are there say whose they are. Those of before are gone: they had the name of the Deployment, and two parts behind it. Of longer
 * names Kubernetes may have cut off what tells the parts apart, and they could be another server's.
 */
function toServerOfPod(servers: ReadPods['servers']): (labels: Sample['labels']) => string | undefined {
  const there = new Map(
    [...servers].flatMap(([server, { names }]) =>
      names.map((name) => [`${splitKey(server).namespace}/${name}`, server] as const),
    ),
  );
  return (labels) => {
    const [namespace, pod = ''] = [labels.get('namespace'), labels.get('pod')];
    const [, name] = /^(.{1,45})-[a-z0-9]{1,10}-[a-z0-9]{5}$/.exec(pod) ?? [];
    return there.get(`${namespace ?? ''}/${pod}`) ?? serverNamed(namespace, name);
  };
}

function serverOfRequests(labels: Sample['labels']): string | undefined {
  return serverNamed(labels.get('namespace'), labels.get('mcpserver'));
}

function serverNamed(namespace: string | undefined, name: string | undefined): string | undefined {
  return namespace === undefined || name === undefined ? undefined : keyOf({ kind: API.kind, namespace, name });
}
