import { printable } from '../core/engine/text.ts';
import { systemClock } from '../platform/clock.ts';
import type { InputProblem } from '../platform/manifests/manifest.ts';
import { defineCommand } from './command.ts';
import { readComposites, type ReadComposites } from './composite-read.ts';
import type { CompositeRow } from './composite-row.ts';
import { connectContexts } from './connect-contexts.ts';
import { exitCodes, type ExitCode } from './exit-code.ts';
import { namesOf } from './names-of.ts';
import { toJson } from './outputs/to-json.ts';
import { renderProblem } from './outputs/text.ts';
import { statusSchemaVersion } from './schemas/status.ts';
import { judgeSeconds } from './seconds.ts';
import { followStates, readStates, type ReadStates } from './status-read.ts';
import { serverStates, type ServerRow, type ServerState } from './status-state.ts';
import { renderStates, StatusTable } from './status-table.ts';

interface States {
  readonly rows: readonly ServerRow[];
  readonly composites: readonly CompositeRow[];
  readonly problems: readonly InputProblem[];
  /** Whether there are several, so that it has to be said of which a server is. */
  readonly hasContexts: boolean;
}

/** What `status --output` takes; the first is the default. */
const outputs = {
  text: renderStates,
  json: renderJson,
} as const satisfies Readonly<Record<string, (states: States) => string>>;

/** How long --watch waits, in seconds, where nobody says. */
const standardSeconds = 600;

/** How the MCPServers of clusters are. */
export const status = defineCommand({
  synopsis: 'status [options] [NAME…]',
  description: `Says of MCPServers whether the version that was asked for last serves and answers (Available), is on its way (Pending), or needs
somebody to change something first (Failed); whether pods serve meanwhile, the version that the server tells, its tools, its URL. Those
that are named, or all of the namespace: that of --namespace, else of the context. With --watch, or a --timeout, until none of them is on its way any more,
and those that are named exist: what changes is printed as it does (json: the end alone). Of the objects of mcp.v2dy.io that become them the same
is said below the table; a NAME may be that of one of those, too. Nothing is changed.
`,
  examples: ['status search --namespace tools --watch --timeout 120'],
  options: {
    output: { type: 'choice', choices: namesOf(outputs), short: 'o', help: 'for people, or for programs' },
    namespace: { type: 'text', placeholder: 'NAME', default: '', short: 'n', help: 'where they are' },
    'all-namespaces': { type: 'flag', short: 'A', help: 'wherever they are' },
    watch: { type: 'flag', short: 'w', help: 'until none is on its way' },
    timeout: {
      type: 'text',
      placeholder: 'SECONDS',
      default: '',
      help: `how long to wait; waits without --watch, too (default ${standardSeconds})`,
    },
    context: { type: 'texts', placeholder: 'NAME', help: 'of the kubeconfig; may be repeated' },
  },
  exitCodes: {
    clean: 'each is Available',
    found: 'one is not, or there is none with --namespace, --watch or --timeout',
  },
  judgeArguments(names, { namespace, 'all-namespaces': isEverywhere, timeout }) {
    if (isEverywhere && namespace !== '') return 'name a --namespace, or --all-namespaces, not both';
    if (isEverywhere && names.length > 0) return 'a NAME is of one namespace: leave --all-namespaces out';
    return timeout === '' ? undefined : judgeSeconds(timeout, longestSeconds);
  },
  async run({ values, positionals }, { writeOut, writeError }) {
    const names = [...new Set(positionals)];
    const connected = await connectContexts(values.context);
    if (connected.type === 'refused') {
      writeError(connected.said);
      return exitCodes.unusable;
    }
    const { clusters } = connected;
    const read = await Promise.all(
      clusters.map((cluster) => {
        const own = values.namespace === '' ? cluster.namespace : values.namespace;
        return readStates(cluster, { namespace: values['all-namespaces'] ? '' : own, names });
      }),
    );
    const above = await readAbove(read);
    const hasContexts = clusters.length > 1;
    const timeoutMs = timeoutMsOf(values);
    const isWatching = timeoutMs > 0 && read.every(({ problem }) => problem === undefined);
    const isText = values.output === 'text';
    const table = new StatusTable(sorted(read.flatMap(({ rows }) => rows)), hasContexts);
    if (isWatching) {
      writeOut(isText ? table.renderFirst(names) : '');
      writeError(renderAwaited(read, above.rows, timeoutMs));
    }
    const rows = isWatching
      ? await followStates(withNamesAbove(read, above.rows), {
          ...{ clock: systemClock, timeoutMs },
          onRow: (row) => {
            if (isText) writeOut(table.renderChanged(row));
          },
          isMoreOnItsWay: async () => above.isUsed && (await readAbove(read)).rows.some(isOnItsWay),
        })
      : read.flatMap((one) => one.rows);
    const aboveNow = isWatching && above.isUsed ? await readAbove(read) : above;
    const problems = [
      ...read.flatMap(({ problem }) => problem ?? []),
      ...findMissing(read, [...rows, ...aboveNow.rows]),
      ...aboveNow.problems,
    ];
    const states = { rows: sorted(rows), composites: aboveNow.rows, problems, hasContexts };
    writeOut(isWatching && isText ? table.renderEnd(states.rows, states.composites) : outputs[values.output](states));
    writeError(
      [...aboveNow.notes.map(renderProblem), ...sayProblems(states, read)].map((line) => `${line}\n`).join(''),
    );
    return isEmpty(states) && isExpecting(values) ? exitCodes.found : exitCodeOf(states);
  },
});

function isEmpty({ rows, composites, problems }: States): boolean {
  return rows.length + composites.length + problems.length === 0;
}

function sayProblems(states: States, read: readonly ReadStates[]): readonly string[] {
  return isEmpty(states) ? [`no MCPServer in ${whereOf(read)}`] : states.problems.map(renderProblem);
}

interface Above extends Pick<ReadComposites, 'rows' | 'problems' | 'notes'> {
  /** Whether any cluster serves a kind above MCPServer. */
  readonly isUsed: boolean;
}

/** What becomes the servers that were asked for, in each cluster that could be read. */
async function readAbove(read: readonly ReadStates[]): Promise<Above> {
  const reached = read.filter(({ problem }) => problem === undefined);
  const found = await Promise.all(reached.map(({ cluster, which }) => readComposites(cluster, which)));
  return {
    isUsed: found.some(({ kinds }) => kinds.length > 0),
    rows: found.flatMap(({ rows }) => rows),
    problems: found.flatMap(({ problems }) => problems),
    notes: found.flatMap(({ notes }) => notes),
  };
}

function isOnItsWay({ state }: CompositeRow): boolean {
  return state === 'Pending';
}

/** Longest time to wait, in seconds. */
const longestSeconds = 86_400;

function withNamesAbove(read: readonly ReadStates[], above: readonly CompositeRow[]): readonly ReadStates[] {
  return read.map((one) => {
    const namesAbove = above.filter(({ context }) => context === one.cluster.context).map(({ name }) => name);
    return { ...one, which: { ...one.which, namesAbove } };
  });
}

/** Who names a server, or what becomes some, wants to hear that it does not exist. */
function findMissing(
  read: readonly ReadStates[],
  rows: readonly (ServerRow | CompositeRow)[],
): readonly InputProblem[] {
  return read.flatMap(({ cluster: { context }, which: { namespace, names }, problem }) => {
    const isThere = (name: string): boolean => rows.some((row) => row.context === context && row.name === name);
    return problem === undefined
      ? names
          .filter((name) => !isThere(name))
          .map((name) => ({ file: `context ${context}`, message: `there is no MCPServer ${namespace}/${name}` }))
      : [];
  });
}

/** A mistyped name is seen before the time is up. */
function renderAwaited(read: readonly ReadStates[], above: readonly CompositeRow[], timeoutMs: number): string {
  const missing = findMissing(read, [...read.flatMap(({ rows }) => rows), ...above]);
  return missing
    .map((problem) => `${renderProblem(problem)}: waiting for it, for up to ${timeoutMs / 1_000} s\n`)
    .join('');
}

interface Waiting {
  readonly watch: boolean;
  readonly timeout: string;
}

/** How long is waited, in milliseconds; 0: it is looked once. */
function timeoutMsOf({ watch, timeout }: Waiting): number {
  if (timeout !== '') return Number(timeout) * 1_000;
  return watch ? standardSeconds * 1_000 : 0;
}

/** Who names a namespace, or waits, expects servers: a mistyped one is no success. */
function isExpecting({ namespace, ...waiting }: Waiting & { readonly namespace: string }): boolean {
  return namespace !== '' || timeoutMsOf(waiting) > 0;
}

function whereOf(read: readonly ReadStates[]): string {
  const places = read.map(({ cluster: { context }, which: { namespace } }) => {
    const where = namespace === '' ? 'any namespace' : `namespace ${namespace}`;
    return `${where} of context ${context}`;
  });
  return printable(places.join(', '));
}

function exitCodeOf({ rows, composites, problems }: States): ExitCode {
  if (problems.length > 0) return exitCodes.unusable;
  return [...rows, ...composites].every(({ state }) => state === 'Available') ? exitCodes.clean : exitCodes.found;
}

/** What needs somebody first. */
const urgency: readonly ServerState[] = ['Failed', 'Pending', 'Available'];

function sorted(rows: readonly ServerRow[]): readonly ServerRow[] {
  const keyOf = ({ context, namespace, name, state }: ServerRow): string =>
    [context, namespace, String(urgency.indexOf(state)), name].join('\u0000');
  const keyed = rows.map((row) => ({ row, key: keyOf(row) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ row }) => row);
}

function renderJson({ rows, composites, problems }: States): string {
  return toJson({
    schemaVersion: statusSchemaVersion,
    ...Object.fromEntries(
      serverStates.map((state) => [state.toLowerCase(), rows.filter((row) => row.state === state).length]),
    ),
    servers: rows,
    composites,
    problems,
  });
}
