import { oneLine, printable } from '../core/engine/text.ts';
import { API } from '../core/mcpserver/api.ts';
import { isIdle, quantityOf, suggest, type Amounts, type ServerCost } from './cost-suggestion.ts';
import { count } from './outputs/told.ts';
import { renderTable as renderRows } from './text-table.ts';

const nothing = '-';

/** A column by its head. */
const columns: Readonly<Record<string, (server: ServerCost) => string>> = {
  NAMESPACE: ({ namespace }) => printable(namespace),
  NAME: ({ name }) => printable(name),
  PODS: ({ pods }) => String(pods),
  'CPU REQUESTED': ({ requests }) => sayAmount('cpu', requests),
  USED: ({ used }) => sayAmount('cpu', used),
  'MEMORY REQUESTED': ({ requests }) => sayAmount('memory', requests),
  'USED ': ({ used }) => sayAmount('memory', used),
  IDLE: ({ idle }) => sayIdle(idle),
  'TO REQUEST': (server) => sayAmounts(suggest(server)),
};

/** One line for each server, what nobody calls, and what all of them request. */
export function renderTable(servers: readonly ServerCost[]): string {
  const rows = [Object.keys(columns), ...servers.map((server) => Object.values(columns).map((cell) => cell(server)))];
  const idle = servers.filter(isIdle);
  const idleLine =
    idle.length === 0
      ? ''
      : `${count(idle.length, 'MCPServer')} that nobody has called for a day or longer still run\n`;
  return `${servers.length === 0 ? '' : renderRows(rows)}${idleLine}${renderSum(servers)}`;
}

function renderSum(servers: readonly ServerCost[]): string {
  const now = sum(servers, ({ total }) => total);
  const then = sum(servers, (server) => ({ ...server.total, ...timesPods(suggest(server), server) }));
  const isOther = now.cpu !== then.cpu || now.memory !== then.memory;
  const besides = isOther ? `; as suggested: ${sayAmounts(then)}` : '';
  return `${count(servers.length, 'MCPServer')} with ${count(sumOf(servers.map(({ pods }) => pods)), 'pod')} request ${sayAmounts(now)}${besides}\n`;
}

function sum(servers: readonly ServerCost[], amountsOf: (server: ServerCost) => Amounts): Required<Amounts> {
  const of = (what: keyof Amounts): number => sumOf(servers.map((server) => amountsOf(server)[what] ?? 0));
  return { cpu: of('cpu'), memory: of('memory') };
}

function timesPods(amounts: Amounts, { pods }: ServerCost): Amounts {
  return Object.fromEntries(entriesOf(amounts).map(([what, amount]) => [what, amount * pods]));
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

/** With its group: MCPServers are of another one, too. */
const resource = `${API.plural}.${API.group}`;

/** Commands of kubectl for a shell: one that sets what was suggested for each server, and what is idle in comments. */
export function renderPatches(servers: readonly ServerCost[], context: string): string {
  const lines = servers.flatMap((server) =>
    server.madeFrom === undefined ? commandsFor(server, context) : remarksOn(server, server.madeFrom),
  );
  return lines.map((line) => `${line}\n`).join('');
}

function commandsFor(server: ServerCost, context: string): readonly string[] {
  const { namespace, name, kept } = server;
  const kubectl = `kubectl --context ${quote(context)} --namespace ${quote(namespace)}`;
  const suggested = suggest(server);
  const limits = toTexts(kept?.limits ?? {});
  const resources = {
    requests: toTexts({ ...kept?.requests, ...suggested }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
  const patch = quote(JSON.stringify({ spec: { runtime: { resources } } }));
  return [
    ...(isEmpty(suggested) ? [] : [`${kubectl} patch ${resource} ${quote(name)} --type merge --patch ${patch}`]),
    ...(isIdle(server)
      ? [`# idle for ${sayIdle(server.idle)}: ${kubectl} scale ${resource} ${quote(name)} --replicas=0`]
      : []),
  ];
}

/** What is set in a server that is made from something else would be brought back at once. */
function remarksOn(server: ServerCost, madeFrom: string): readonly string[] {
  const suggested = suggest(server);
  const said = [
    ...(isEmpty(suggested) ? [] : [`to request ${sayAmounts(suggested)}`]),
    ...(isIdle(server) ? [`idle for ${sayIdle(server.idle)}`] : []),
  ];
  const from = `${printable(`${server.namespace}/${server.name}`)} is made from ${oneLine(madeFrom, 200)}`;
  return said.length === 0 ? [] : [`# ${said.join(', ')}: ${from}, to be set there`];
}

function isEmpty({ cpu, memory }: Amounts): boolean {
  return cpu === undefined && memory === undefined;
}

/** For a POSIX shell, and on one line: what is in it is of a cluster, or of a kubeconfig. */
function quote(text: string): string {
  const plain = printable(text);
  return /^[\w.:/@-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", String.raw`'\''`)}'`;
}

function toTexts(amounts: Amounts): Readonly<Record<string, string>> {
  return Object.fromEntries(entriesOf(amounts).map(([what, amount]) => [what, quantityOf(what, amount)]));
}

function sayAmounts(amounts: Amounts): string {
  const said = entriesOf(amounts).map(([what, amount]) => `${what} ${sayAmount(what, { [what]: amount })}`);
  return said.length === 0 ? nothing : said.join(', ');
}

function entriesOf({ cpu, memory }: Amounts): readonly (readonly ['cpu' | 'memory', number])[] {
  return [
    ...(cpu === undefined ? [] : [['cpu', cpu] as const]),
    ...(memory === undefined ? [] : [['memory', memory] as const]),
  ];
}

/** Rounded: `12m`, `87Mi`. */
function sayAmount(what: keyof Amounts, amounts: Amounts = {}): string {
  const amount = amounts[what];
  if (amount === undefined) return nothing;
  return what === 'cpu' ? `${Math.ceil(amount)}m` : `${Math.ceil(amount / 1024 / 1024)}Mi`;
}

/** In days or hours: `3d`, `>7d`. */
function sayIdle(idle: ServerCost['idle']): string {
  if (idle === undefined) return nothing;
  const hours = Math.floor(idle.ms / 3_600_000);
  const long = hours >= 48 ? `${Math.floor(hours / 24)}d` : `${hours}h`;
  if (idle.isAtLeast) return `>${long}`;
  return idle.ms === 0 ? 'no' : long;
}
