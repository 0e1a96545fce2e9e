import { printable } from '../core/engine/text.ts';
import { API } from '../core/mcpserver/api.ts';
import { autoscalingOf, metricsToScaleBy } from '../core/mcpserver/autoscaling.ts';
import { isDnsLabel } from '../core/mcpserver/kubernetes-names.ts';
import { childName, namespaceOf } from '../core/mcpserver/names.ts';
import { parseMCPServer } from '../core/mcpserver/parse.ts';
import { present } from '../core/mcpserver/record.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { renderPath, type Violation } from '../core/mcpserver/violation.ts';
import { systemClock } from '../platform/clock.ts';
import type { ConnectedContext } from '../platform/kube/connect.ts';
import { isRecord, keyOf, listAt, metaOf, stringAt, type ObjectMeta } from '../platform/kube/object.ts';
import { createPrometheus } from '../platform/prometheus.ts';
import { defineCommand } from './command.ts';
import { connectOne } from './connect-contexts.ts';
import { nameOfUrl } from './contract-url.ts';
import { readPast, type Past } from './cost-history.ts';
import { renderPatches, renderTable } from './cost-outputs.ts';
import { readPods } from './cost-read.ts';
import { resourcesOf } from './cost-resources.ts';
import type { ServerCost } from './cost-suggestion.ts';
import { exitCodes } from './exit-code.ts';
import { namesOf } from './names-of.ts';
import { readStored } from './read-stored.ts';

/** What `cost --output` takes; the first is the default. */
const outputs = {
  text: renderTable,
  patch: renderPatches,
} as const satisfies Readonly<Record<string, (servers: readonly ServerCost[], context: string) => string>>;

/** As PromQL writes it. */
const standardWindow = '7d';

/** What MCPServers request, what of it they use, and what would fit better. */
export const cost = defineCommand({
  synopsis: 'cost [options] [NAME…]',
  description: `Says of MCPServers what their pods request of CPU and memory and what of that they use: at this moment, from metrics-server. With --prometheus
what they used at most while it was looked, for how long nobody has called them, and what to request instead, once they were measured for a
day: with --output patch as commands of kubectl that set it. It takes the right to list mcpservers.mcp.x-k8s.io and pods, and without
--prometheus pods.metrics.k8s.io. Nothing is changed.
`,
  examples: ['cost --namespace tools --prometheus http://localhost:9090'],
  options: {
    output: { type: 'choice', choices: namesOf(outputs), short: 'o', help: 'for people, or commands that set it' },
    namespace: { type: 'text', placeholder: 'NAME', default: '', short: 'n', help: 'where they are' },
    'all-namespaces': { type: 'flag', short: 'A', help: 'wherever they are' },
    prometheus: {
      type: 'text',
      placeholder: 'URL',
      default: '',
      help: 'what has measured them; user:password@ is sent',
    },
    window: {
      type: 'text',
      placeholder: 'TIME',
      default: '',
      help: `how far Prometheus looks back: 12h, 7d, 4w (default ${standardWindow})`,
    },
    context: { type: 'text', placeholder: 'NAME', default: '', help: 'of the kubeconfig' },
  },
  exitCodes: { clean: 'all of it could be read', found: 'there is none with --namespace' },
  judgeArguments(names, { namespace, 'all-namespaces': isEverywhere, prometheus, window }) {
    if (isEverywhere && namespace !== '') return 'name a --namespace, or --all-namespaces, not both';
    if (isEverywhere && names.length > 0) return 'a NAME is of one namespace: leave --all-namespaces out';
    if (namespace !== '' && !isDnsLabel(namespace)) return `--namespace takes a name: not '${printable(namespace)}'`;
    if (prometheus !== '' && !isHttp(prometheus)) return '--prometheus takes an http or https URL';
    if (window === '') return undefined;
    if (!isWindow(window)) return `--window takes 1h to 30d, as 12h, 7d or 4w: not '${printable(window)}'`;
    return prometheus === '' ? 'with --window name a --prometheus: nobody else knows of the past' : undefined;
  },
  async run({ values, positionals }, { writeOut, writeError }) {
    const cluster = await connectOne(values.context, { writeError });
    if (cluster === undefined) return exitCodes.unusable;
    const own = values.namespace === '' ? cluster.namespace : values.namespace;
    const namespace = values['all-namespaces'] ? '' : own;
    const window = values.window === '' ? standardWindow : values.window;
    const wanted = { ...values, window, namespace, names: new Set(positionals) };
    const { servers, problems, isEmpty } = await readCosts(cluster, wanted);
    writeOut(outputs[values.output](servers, cluster.context));
    for (const problem of problems) writeError(`${printable(problem)}\n`);
    const where = namespace === '' ? 'any namespace' : `namespace ${namespace}`;
    if (isEmpty) writeError(`${printable(`no MCPServer in ${where} of context ${cluster.context}`)}\n`);
    if (problems.length > 0) return exitCodes.unusable;
    // A mistyped namespace is no success.
    return isEmpty && values.namespace !== '' ? exitCodes.found : exitCodes.clean;
  },
});

interface Wanted {
  /** Empty: every one. */
  readonly namespace: string;
  /** Empty: all. */
  readonly names: ReadonlySet<string>;
  /** Empty: none. */
  readonly prometheus: string;
  readonly window: string;
}

interface Costs {
  readonly servers: readonly ServerCost[];
  readonly problems: readonly string[];
  /** Whether there is none where it was looked. */
  readonly isEmpty: boolean;
}

async function readCosts({ api, context }: ConnectedContext, wanted: Wanted): Promise<Costs> {
  const { namespace, names, prometheus, window } = wanted;
  const stored = await readStored(api, { context, namespace });
  const wantedOnes = stored.servers
    .map(({ value }) => value)
    .filter((value) => names.size === 0 || names.has(metaOf(value).name));
  const parsed = wantedOnes.map((value) => ({ meta: metaOf(value), ...parseMCPServer(value) }));
  const servers = parsed.flatMap((one) => (one.ok ? [one.server] : []));
  const unread = parsed.flatMap((one) => (one.ok ? [] : [sayUnread(one.meta, one.violations)]));
  const pods = await readPods(api, { namespace, isMeasured: prometheus === '' });
  const nowMs = systemClock.now().getTime();
  const past =
    prometheus === ''
      ? undefined
      : await readPast(createPrometheus(new URL(prometheus)), { window, namespace, nowMs, servers: pods.servers });
  const costs = servers.map((server): ServerCost => {
    const of = namespaceOf(server);
    const { name } = server.metadata;
    const own = pods.servers.get(keyOf({ kind: API.kind, namespace: of, name }));
    const seen: Past = past?.of({ namespace: of, name, deployment: childName(server) }) ?? present({ used: own?.used });
    return {
      ...{ namespace: of, name, pods: own?.names.length ?? 0, ...present({ madeFrom: makerOf(server) }) },
      ...{ ...resourcesOf(server, own?.resources ?? []), isScaledByCpu: isScaledByCpu(server), ...seen },
    };
  });
  const ofPast = (past?.problems ?? []).map((why) => `${nameOfUrl(prometheus)}: ${why}`);
  // Of a list that is not whole nobody can tell.
  const sought = stored.problem === undefined ? [...names] : [];
  const missing = sought.filter((name) => !wantedOnes.some((found) => metaOf(found).name === name));
  return {
    servers: costs.sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1)),
    isEmpty: stored.problem === undefined && stored.servers.length === 0,
    problems: [
      ...(stored.problem === undefined ? [] : [`${stored.problem.file}: ${stored.problem.message}`]),
      ...unread,
      ...missing.map((name) => `there is no MCPServer ${namespace}/${name}`),
      ...[...pods.problems, ...ofPast],
    ],
  };
}

/** Of what an older schema let in. */
function sayUnread({ namespace, name }: ObjectMeta, [first]: readonly Violation[]): string {
  const why = first === undefined ? '' : `: ${renderPath(first.path)}: ${first.headline}`;
  return `MCPServer ${namespace}/${name} cannot be read${why}`;
}

function makerOf({ metadata }: MCPServer): string | undefined {
  const owner = listAt(metadata, 'ownerReferences').find((one) => isRecord(one) && one['controller'] === true);
  return owner === undefined ? undefined : `${stringAt(owner, 'kind') ?? ''} ${stringAt(owner, 'name') ?? ''}`;
}

function isScaledByCpu(server: MCPServer): boolean {
  const autoscaling = autoscalingOf(server);
  if (autoscaling === undefined) return false;
  return metricsToScaleBy(autoscaling).some(({ resource, containerResource }) => {
    const { name, target } = resource ?? containerResource ?? {};
    return name === 'cpu' && target?.type === 'Utilization';
  });
}

function isHttp(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

const hoursIn: Readonly<Record<string, number>> = { h: 1, d: 24, w: 168 };

/** Each step of it is looked at, so nobody gets a year. */
function isWindow(text: string): boolean {
  const [, count = '', unit = ''] = /^([1-9]\d{0,2})([hdw])$/.exec(text) ?? [];
  const hours = Number(count) * (hoursIn[unit] ?? 0);
  return hours >= 1 && hours <= 30 * 24;
}
