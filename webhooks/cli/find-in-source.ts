import type { Position } from '../platform/manifests/manifest.ts';

/**
 * Where in a template a line of what was rendered from it comes from: the only line that is the same, or else the only
 * one with the same key. The beginning of the file where that cannot be told.
 */
export function findInSource(rendered: string, source: string): (position: Position) => Position {
  const renderedLines = rendered.split('\n');
  const lines = source.split('\n');
  return ({ line }) => {
    const wanted = (renderedLines[line - 1] ?? '').trim();
    if (wanted === '') return startOfFile;
    const key = keyOf(wanted);
    return (
      onlyLine(lines, (text) => text.trim() === wanted) ??
      (key === undefined ? undefined : onlyLine(lines, (text) => keyOf(text.trim()) === key)) ??
      startOfFile
    );
  };
}

const startOfFile: Position = { line: 1, column: 1 };

/** Of `key: value` and `- key: value`. */
function keyOf(text: string): string | undefined {
  return /^(?:- +)*("?[\w./-]+"?):(?: |$)/.exec(text)?.[1];
}

function onlyLine(lines: readonly string[], isWanted: (text: string) => boolean): Position | undefined {
  const index = lines.findIndex(isWanted);
  if (index === -1 || lines.findLastIndex(isWanted) !== index) return undefined;
  return { line: index + 1, column: (lines[index] ?? '').search(/\S|$/) + 1 };
}
