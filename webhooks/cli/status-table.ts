import { printable } from '../core/engine/text.ts';
import { renderRow, widthsOf } from './columns.ts';
import { count, nameOf } from './outputs/told.ts';
import { countComposites, type CompositeRow } from './composite-row.ts';
import { serverStates, type ServerRow, type ServerState } from './status-state.ts';

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
  /** The cells that were shown last, by server. */
  readonly #shown = new Map<string, string>();

  constructor(rows: readonly ServerRow[], hasContexts: boolean) {
    this.#rows = rows;
    this.#heads = Object.keys(columns).filter((head) => head !== 'CONTEXT' || hasContexts);
    for (const row of rows) this.#shown.set(keyOf(row), this.#textOf(row));
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

  /**
   * Below what was rendered before; the heads again where a column becomes wider. Empty where no column says anything else: why
   * a server is as it is comes at the end.
   */
  renderChanged(row: ServerRow): string {
    const text = this.#textOf(row);
    if (this.#shown.get(keyOf(row)) === text) return '';
    this.#shown.set(keyOf(row), text);
    const cells = this.#cellsOf(row);
    const before = this.#widths;
    this.#widths = widthsOf([cells], before);
    // Nothing is beside the last one.
    const isWider = this.#widths.slice(0, -1).some((width, at) => width > (before[at] ?? 0));
    return `${isWider ? renderRow(this.#heads, this.#widths) : ''}${renderRow(cells, this.#widths)}`;
  }

  /** `rows`: as they are at the end. */
  renderEnd(rows: readonly ServerRow[], composites: readonly CompositeRow[]): string {
    const counts = serverStates.map((state) => `${rows.filter((row) => row.state === state).length} ${state}`);
    return [
      ...explainAll(rows, explain),
      ...explainAll(composites, explainComposite),
      ...countComposites(composites),
      `${count(rows.length, 'MCPServer')}: ${counts.join(', ')}`,
    ]
      .map((line) => `${line}\n`)
      .join('');
  }

  #textOf(row: ServerRow): string {
    return JSON.stringify(this.#cellsOf(row));
  }

  #cellsOf(row: ServerRow): readonly string[] {
    return this.#heads.map((head) => columns[head]?.(row) ?? nothing);
  }
}

function keyOf({ context, namespace, name }: ServerRow): string {
  return [context, namespace, name].join('\u0000');
}

export function renderStates({
  rows,
  composites,
  hasContexts,
}: {
  readonly rows: readonly ServerRow[];
  readonly composites: readonly CompositeRow[];
  readonly hasContexts: boolean;
}): string {
  const table = new StatusTable(rows, hasContexts);
  return `${rows.length === 0 ? '' : table.render()}${table.renderEnd(rows, composites)}`;
}

/** Why those that are not Available are so. */
function explainAll<Row extends { readonly state: ServerState }>(
  rows: readonly Row[],
  say: (row: Row) => string,
): readonly string[] {
  const others = rows.filter(({ state }) => state !== 'Available');
  const more = others.length > maxExplained ? [`and ${others.length - maxExplained} more`] : [];
  return [...others.slice(0, maxExplained).map(say), ...more];
}

function explainComposite(row: CompositeRow): string {
  const { kind, state, reason, message } = row;
  return `${kind} ${nameOf(row)}: ${state}, ${reason}${message === '' ? '' : `: ${message}`}`;
}

function explain(row: ServerRow): string {
  const serves = row.state === 'Failed' && row.isServing ? ' (pods serve)' : '';
  return `${nameOf(row)}: ${row.state}${serves}, ${row.reason}${row.message === '' ? '' : `: ${row.message}`}`;
}
