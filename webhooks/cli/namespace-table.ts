import type { Severity } from '../core/engine/finding.ts';
import { printable, shortenMiddle } from '../core/engine/text.ts';
import type { CheckReport } from './report.ts';
import { tally, type TallyRow } from './tally.ts';

/** What the servers of one namespace are, and what rules find in them. */
export interface NamespaceRow {
  readonly namespace: string;
  readonly servers: number;
  readonly rules: readonly Pick<TallyRow, 'rule' | 'action' | 'servers'>[];
}

/** Every namespace that has a server, by name; those in which nothing is found as well. */
export function toNamespaceRows(
  report: Pick<CheckReport, 'servers' | 'checked' | 'findings'>,
): readonly NamespaceRow[] {
  const servers = new Map<string, number>();
  for (const { namespace } of report.checked) servers.set(namespace, (servers.get(namespace) ?? 0) + 1);
  const { rows } = tally(report);
  const found = new Map<string, TallyRow[]>();
  for (const row of rows) found.set(row.namespace, [...(found.get(row.namespace) ?? []), row]);
  return [...servers]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([namespace, count]) => ({
      namespace,
      servers: count,
      rules: (found.get(namespace) ?? []).map(({ rule, action, servers: matching }) => ({
        rule,
        action,
        servers: matching,
      })),
    }));
}

/** Widest line, in characters, unless the longest name and one rule need more. */
const maxWidth = 120;

/** Longest name of a namespace (RFC 1123). */
const maxNameLength = 63;

const total = '(all)';

/**
 * Namespaces from top to bottom, rules from left to right, and in how many servers each finds something: as many rules beside
 * each other as there is room for, those that refuse most first; the others stand below, for the namespaces that have them.
 */
export function renderNamespaceTable(rows: readonly NamespaceRow[]): string {
  const all: NamespaceRow = {
    namespace: total,
    servers: rows.reduce((sum, { servers }) => sum + servers, 0),
    rules: rows.flatMap(({ rules }) => rules),
  };
  const columns = byWeight(all).map((rule) => toColumn(rule, [...rows, all]));
  const heads = [
    ['NAMESPACE', ...[...rows, all].map(({ namespace }) => shortenMiddle(printable(namespace), maxNameLength))],
    ['SERVERS', ...[...rows, all].map(({ servers }) => String(servers))],
  ];
  const blocks = toBlocks(columns, maxWidth - widthOf(heads));
  return blocks.map((block, index) => renderBlock([...heads, ...block], index === 0)).join('\n');
}

/** Cells from top to bottom, the head first. */
type Column = readonly string[];

function toColumn(rule: string, rows: readonly NamespaceRow[]): Column {
  return [rule, ...rows.map(({ rules }) => toCell(rules.filter((one) => one.rule === rule)))];
}

const actions = ['deny', 'warn', 'audit'] as const satisfies readonly Severity[];

const nothing = '-';

/** `2 deny, 1 audit`. */
function toCell(found: NamespaceRow['rules']): string {
  const counts = actions.flatMap((action) => {
    const count = countOf(found, action);
    return count === 0 ? [] : [`${count} ${action}`];
  });
  return counts.length === 0 ? nothing : counts.join(', ');
}

function countOf(found: NamespaceRow['rules'], action: Severity): number {
  return found.reduce((sum, one) => (one.action === action ? sum + one.servers : sum), 0);
}

function byWeight({ rules }: NamespaceRow): readonly string[] {
  const weights = [...new Set(rules.map(({ rule }) => rule))].map((rule) => {
    const found = rules.filter((one) => one.rule === rule);
    return { rule, counts: actions.map((action) => countOf(found, action)) };
  });
  const compare = (a: readonly number[], b: readonly number[]): number =>
    a.map((count, index) => (b[index] ?? 0) - count).find((difference) => difference !== 0) ?? 0;
  return weights.sort((a, b) => compare(a.counts, b.counts) || (a.rule < b.rule ? -1 : 1)).map(({ rule }) => rule);
}

/** As many columns in each as fit, one at least; a first block without any where there are none. */
function toBlocks(columns: readonly Column[], width: number): readonly (readonly Column[])[] {
  const blocks: Column[][] = [[]];
  for (const column of columns) {
    const last = blocks.at(-1);
    if (last === undefined || (last.length > 0 && widthOf([...last, column]) > width)) blocks.push([column]);
    else last.push(column);
  }
  return blocks;
}

const gap = 2;

function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + widest(column) + gap, 0);
}

function widest(column: Column): number {
  return column.reduce((most, { length }) => Math.max(most, length), 0);
}

/** `hasAll`: also the namespaces that have nothing in any of its rules. */
function renderBlock(columns: readonly Column[], hasAll: boolean): string {
  const [names = [], , ...rules] = columns;
  const widths = columns.map(widest);
  return names
    .flatMap((_name, row) => {
      const isEmpty = row > 0 && row < names.length - 1 && rules.every((column) => column[row] === nothing);
      if (isEmpty && !hasAll) return [];
      const cells = columns.map((column, index) => (column[row] ?? '').padEnd((widths[index] ?? 0) + gap));
      return [`${cells.join('').trimEnd()}\n`];
    })
    .join('');
}
