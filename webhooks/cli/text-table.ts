/** Between two columns, in characters. */
const gap = 2;

/** Rows under each other, their columns as wide as the widest cell; the last one is not filled up. Cells are on one line each. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map(({ length }) => length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  return rows
    .map((row) => row.map((cell, at) => cell.padEnd((widths[at] ?? 0) + gap)).join(''))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
