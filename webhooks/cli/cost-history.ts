import { API } from '../core/mcpserver/api.ts';
import { CONTAINER_NAME } from '../core/mcpserver/names.ts';
import { present } from '../core/mcpserver/record.ts';
import { keyOf } from '../platform/kube/object.ts';
import type { Prometheus, Sample } from '../platform/prometheus.ts';
import { most } from './cost-read.ts';
import type { Amounts, ServerCost } from './cost-suggestion.ts';

/** What a recording rule makes of what gateways count (docs/guides/cost.md). */
const REQUESTS = 'mcp_server:requests:rate5m';

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
}

export interface ReadPast {
  readonly of: (server: { readonly namespace: string; readonly name: string; readonly deployment: string }) => Past;
  readonly problems: readonly string[];
}

/** What Prometheus has seen of containers (cAdvisor's metrics) and of requests. */
export async function readPast(prometheus: Prometheus, { window, namespace, nowMs }: Asked): Promise<ReadPast> {
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
    measured: `min ${pods} (min_over_time(timestamp(${memory})[${window}:1h]))`,
    called: `max ${servers} (max_over_time(timestamp(${requests} > 0)[${window}:5m]))`,
    counted: `min ${servers} (min_over_time(timestamp(${requests})[${window}:1h]))`,
  };
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
  const earliest = (value: number, known = Infinity): number => Math.min(known, value);
  const measured = gather(new Map(), (await ask('measured')) ?? [], serverOfPod, earliest);
  const idleOf = toIdle(await ask('called'), await ask('counted'), nowMs);
  return {
    problems: [...new Set(problems)],
    of: ({ namespace: of, name, deployment }) => {
      const pods = keyOf({ kind: API.kind, namespace: of, name: deployment });
      const seconds = measured.get(pods);
      return present({
        used: used.get(pods),
        measuredMs: seconds === undefined ? undefined : nowMs - seconds * 1_000,
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
  const first = gather(new Map<string, number>(), counted, serverOfRequests, (value) => value);
  return (server) => {
    const seconds = last.get(server) ?? first.get(server);
    if (seconds === undefined) return {};
    const ms = nowMs - seconds * 1_000;
    return { idle: { ms: ms < busyMs ? 0 : ms, isAtLeast: !last.has(server) } };
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

/** Pods of a Deployment have its name, and two parts behind it; those of before are gone and cannot be asked whose they were. */
function serverOfPod(labels: Sample['labels']): string | undefined {
  const [, name] = /^(.{1,253})-[a-z0-9]{1,10}-[a-z0-9]{5}$/.exec(labels.get('pod') ?? '') ?? [];
  return serverNamed(labels.get('namespace'), name);
}

function serverOfRequests(labels: Sample['labels']): string | undefined {
  return serverNamed(labels.get('namespace'), labels.get('mcpserver'));
}

function serverNamed(namespace: string | undefined, name: string | undefined): string | undefined {
  return namespace === undefined || name === undefined ? undefined : keyOf({ kind: API.kind, namespace, name });
}
