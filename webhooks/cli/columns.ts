const gap = 2;

/** Rows of cells, the heads first, each column as wide as its widest cell, or as `least` says of it. */
export function widthsOf(rows: readonly (readonly string[])[], least: readonly number[] = []): readonly number[] {
  const columns = Math.max(...rows.map(({ length }) => length), least.length);
  return Array.from({ length: columns }, (_, column) =>
    rows.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), least[column] ?? 0),
  );
}

/** One line, which ends in a line break. */
export function renderRow(cells: readonly string[], widths: readonly number[]): string {
  return `${cells
    .map((cell, column) => cell.padEnd((widths[column] ?? 0) + gap))
    .join('')
    .trimEnd()}\n`;
}
