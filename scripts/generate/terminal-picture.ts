/** Columns of the terminal in the picture: what is longer goes on in the next line. */
const columns = 140;
/** Of a monospaced font at `fontSize`; where the font is another one, `textLength` makes it fit. */
const [cellWidth, lineHeight, fontSize, padding] = [7.2, 17, 12, 16];

/** What stands out, and in which colour; the first that matches a line. */
const colours: readonly (readonly [RegExp, string])[] = [
  [/^\$ /, '#7ee787'],
  [/ is invalid: /, '#ff7b72'],
  [/^ {2}Warning: /, '#e3b341'],
  [/^ *\d+\.\ds {2}/, '#8b949e'],
];

/**
 * A terminal with `text` in it as SVG: equal bytes for equal text, dark in light and dark pages, letters rather than outlines,
 * so that it can be read out and searched.
 */
export function terminalPicture(text: string, label: string): string {
  const lines = text.trimEnd().split('\n').flatMap(wrapped);
  const [width, height] = [columns * cellWidth + 2 * padding, lines.length * lineHeight + 2 * padding];
  const rows = lines.flatMap(({ line, colour }, row) =>
    line === '' ? [] : [renderRow(line, colour, padding + (row + 0.75) * lineHeight)],
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escaped(label)}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="${fontSize}">
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
${rows.join('\n')}
</svg>
`;
}

interface Row {
  readonly line: string;
  readonly colour: string;
}

function wrapped(line: string): readonly Row[] {
  const [, colour = '#e6edf3'] = colours.find(([pattern]) => pattern.test(line)) ?? [];
  const pieces = line.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? [''];
  return pieces.map((piece) => ({ line: piece, colour }));
}

function renderRow(line: string, colour: string, y: number): string {
  const indent = line.length - line.trimStart().length;
  const text = line.trim();
  const place = `x="${round(padding + indent * cellWidth)}" y="${round(y)}" textLength="${round(Array.from(text).length * cellWidth)}"`;
  return `<text ${place} fill="${colour}" xml:space="preserve">${escaped(text)}</text>`;
}

function round(number: number): string {
  return String(Math.round(number * 10) / 10);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
