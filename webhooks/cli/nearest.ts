/**
 * The word that was probably meant: one that begins with what was typed, else the one that takes the fewest changes, if
 * these are no more than a third of it. Undefined where nothing is near.
 */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  // Nobody mistypes that much, and the comparison takes the product of both lengths.
  if (typed.length > maxLength) return undefined;
  const plain = normal(typed);
  const longer = plain.length < 3 ? [] : words.filter((word) => normal(word).startsWith(plain));
  if (longer.length === 1) return longer[0];
  const [best] = words
    .map((word) => ({ word, changes: changesBetween(plain, normal(word)) }))
    .sort((a, b) => a.changes - b.changes);
  return best !== undefined && best.changes <= Math.max(1, Math.floor(best.word.length / 3)) ? best.word : undefined;
}

const maxLength = 64;

/** `fail_on` and `failOn` are `fail-on`. */
function normal(word: string): string {
  return word.replaceAll(/(?<=[a-z])(?=[A-Z])|_/g, '-').toLowerCase();
}

/** How many characters have to be added, taken away, replaced or swapped with their neighbour. */
function changesBetween(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= a.length; row += 1) {
    const line = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      line.push(
        Math.min(
          at(rows, row - 1, column) + 1,
          (line[column - 1] ?? 0) + 1,
          at(rows, row - 1, column - 1) + (isSame ? 0 : 1),
          isSwapped ? at(rows, row - 2, column - 2) + 1 : Infinity,
        ),
      );
    }
    rows.push(line);
  }
  return at(rows, a.length, b.length);
}

function at(rows: readonly (readonly number[])[], row: number, column: number): number {
  return rows[row]?.[column] ?? Infinity;
}

/** `: did you mean check?`, or nothing. */
export function suggest(typed: string, words: readonly string[], prefix = ''): string {
  const word = nearest(typed, words);
  return word === undefined ? '' : `: did you mean ${prefix}${word}?`;
}
