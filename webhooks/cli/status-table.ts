import { printable } from '../core/engine/text.ts';
import { renderRow, widthsOf } from './columns.ts';
import { count, nameOf } from './outputs/told.ts';
import { serverStates, type ServerRow } from './status-state.ts';

/** Most servers of which it is said in a sentence why they are not Available. */
const maxExplained = 20;

const nothing = '-';

/** A column by its head. */
const columns: Readonly<Record<string, (row: ServerRow) => string>> = {
  CONTEXT: ({ context }) => printable(context),
  NAMESPACE: ({ namespace }) => namespace,
  NAME: ({ name }) => name,
  STATE: ({ state }) => state,
  SERVES: ({ isServing }) => (isServing ? 'yes' : 'no'),
  VERSION: ({ version = nothing }) => version,
  TOOLS: ({ tools }) => (tools === undefined ? nothing : String(tools)),
  ROLLOUT: ({ rollout = nothing }) => rollout,
  URL: ({ url = nothing }) => url,
};

/** Longest words of columns whose cells become others while one looks on. */
const longestWords: Readonly<Record<string, string>> = {
  STATE: 'Available',
  VERSION: '10.10.10',
  ROLLOUT: 'RolledBack',
};

/** One line for each server, which may change afterwards; why it is so of those that are not Available, and a summary. */
export class StatusTable {
  readonly #heads: readonly string[];
  readonly #rows: readonly ServerRow[];
  #widths: readonly number[];

  constructor(rows: readonly ServerRow[], hasContexts: boolean) {
    this.#rows = rows;
    this.#heads = Object.keys(columns).filter((head) => head !== 'CONTEXT' || hasContexts);
    this.#widths = widthsOf([this.#heads, ...rows.map((row) => this.#cellsOf(row))]);
  }

  render(): string {
    return [this.#heads, ...this.#rows.map((row) => this.#cellsOf(row))]
      .map((cells) => renderRow(cells, this.#widths))
      .join('');
  }

  /** With room for what will change; `names`: of servers that are expected. */
  renderFirst(names: readonly string[]): string {
    const expected = names.map((name) => this.#heads.map((head) => (head === 'NAME' ? name : '')));
    const longest = this.#heads.map((head) => longestWords[head] ?? '');
    this.#widths = widthsOf([longest, ...expected], this.#widths);
    return this.render();
  }

  /** Below what was rendered before; the heads again where a column becomes wider. */
  renderChanged(row: ServerRow): string {
    const cells = this.#cellsOf(row);
    const before = this.#widths;
    this.#widths = widthsOf([cells], before);
    // Nothing is beside the last one.
    const isWider = this.#widths.slice(0, -1).some((width, at) => width > (before[at] ?? 0));
    return `${isWider ? renderRow(this.#heads, this.#widths) : ''}${renderRow(cells, this.#widths)}`;
  }

  /** `rows`: as they are at the end. */
  renderEnd(rows: readonly ServerRow[]): string {
    const others = rows.filter(({ state }) => state !== 'Available');
    const told = others.slice(0, maxExplained).map((row) => `${explain(row)}\n`);
    const more = others.length > maxExplained ? [`and ${others.length - maxExplained} more\n`] : [];
    const counts = serverStates.map((state) => `${rows.filter((row) => row.state === state).length} ${state}`);
    return [...told, ...more, `${count(rows.length, 'MCPServer')}: ${counts.join(', ')}\n`].join('');
  }

  #cellsOf(row: ServerRow): readonly string[] {
    return this.#heads.map((head) => columns[head]?.(row) ?? nothing);
  }
}

export function renderStates({
  rows,
  hasContexts,
}: {
  readonly rows: readonly ServerRow[];
  readonly hasContexts: boolean;
}): string {
  const table = new StatusTable(rows, hasContexts);
  return `${rows.length === 0 ? '' : table.render()}${table.renderEnd(rows)}`;
}

function explain(row: ServerRow): string {
  const serves = row.state === 'Failed' && row.isServing ? ' (pods serve)' : '';
  return `${nameOf(row)}: ${row.state}${serves}, ${row.reason}${row.message === '' ? '' : `: ${row.message}`}`;
}
