import { resolvePlainScalar } from './plain-scalar.ts';

/**
 * The values of the documents of a text in block style, the small part of YAML that nearly every manifest is made of:
 * maps and lists by indentation, `key: value`, `- item`, values on one line (plain, or in quotes without escapes),
 * `{}`, `[]`, comments on lines of their own, `---`. Undefined when there is anything else in the text, correct or not:
 * the parser of whole YAML decides then. So this may read less than that parser, and must never read it otherwise: a
 * new form is welcome here only if it cannot be mistaken (docs/decisions/0028-block-style-is-read-directly.md).
 */
export function readBlockStyle(text: string): readonly unknown[] | undefined {
  if (text.includes('\t') || text.includes('\r')) return undefined;
  const values: unknown[] = [];
  for (const lines of splitDocuments(text.split('\n'))) {
    const [first] = lines;
    if (first === undefined) continue;
    const reader: Reader = { lines, next: 0 };
    const value = readBlock(reader, first.column, 0);
    if (value === notBlockStyle || reader.next < lines.length) return undefined;
    values.push(value);
  }
  return values;
}

/** A line without its indentation: `column` characters that are spaces, or dashes of lists that are read already. */
interface Line {
  readonly column: number;
  readonly text: string;
}

interface Reader {
  readonly lines: Line[];
  /** The line to be read next. */
  next: number;
}

const notBlockStyle = Symbol('not block style');

/** Far beyond any manifest, and well within what the parser of whole YAML takes. */
const maxDepth = 50;

/** Without blank lines and comments. */
function splitDocuments(texts: readonly string[]): readonly Line[][] {
  let lines: Line[] = [];
  const documents = [lines];
  for (const text of texts) {
    if (text === '---') {
      lines = [];
      documents.push(lines);
      continue;
    }
    const column = text.search(/[^ ]/);
    if (column >= 0 && text[column] !== '#') lines.push({ column, text: text.slice(column) });
  }
  return documents;
}

function readBlock(reader: Reader, column: number, depth: number): unknown {
  return reader.lines[reader.next]?.text.startsWith('- ') === true
    ? readList(reader, column, depth)
    : readMap(reader, column, depth);
}

function readList(reader: Reader, column: number, depth: number): unknown {
  const items: unknown[] = [];
  for (let line = lineAt(reader, column); line?.text.startsWith('- ') === true; line = lineAt(reader, column)) {
    const item = readItem(reader, line, depth);
    if (item === notBlockStyle) return notBlockStyle;
    items.push(item);
  }
  return items;
}

/** What stands behind the dash is read as if the dash were a space. */
function readItem(reader: Reader, { column, text }: Line, depth: number): unknown {
  const width = text.slice(1).search(/[^ ]/) + 1;
  const content = text.slice(width);
  if (entry.test(content)) {
    reader.lines[reader.next] = { column: column + width, text: content };
    return readMap(reader, column + width, depth + 1);
  }
  reader.next += 1;
  return readScalar(content);
}

function readMap(reader: Reader, column: number, depth: number): unknown {
  if (depth > maxDepth) return notBlockStyle;
  const map: Record<string, unknown> = {};
  for (let line = lineAt(reader, column); line !== undefined; line = lineAt(reader, column)) {
    const [, key, text] = entry.exec(line.text) ?? [];
    // A key that means something else is another text: `on` is "true".
    if (key === undefined || Object.hasOwn(map, key) || readScalar(key) !== key) break;
    reader.next += 1;
    const value = text === undefined ? readBelow(reader, column, depth) : readScalar(text);
    if (value === notBlockStyle) return notBlockStyle;
    map[key] = value;
  }
  return map;
}

/** What a key without a value on its line stands for; the items of a list may be as far left as the key. */
function readBelow(reader: Reader, column: number, depth: number): unknown {
  const line = reader.lines[reader.next];
  if (line === undefined || line.column < column) return null;
  if (line.column > column) return readBlock(reader, line.column, depth + 1);
  return line.text.startsWith('- ') ? readList(reader, column, depth + 1) : null;
}

function lineAt({ lines, next }: Reader, column: number): Line | undefined {
  const line = lines[next];
  return line?.column === column ? line : undefined;
}

const entry = /^([A-Za-z][A-Za-z0-9_./-]{0,200}):(?: +([^ ].*))?$/;
const quoted = /^(?:"([^"\\]*)"|'([^']*)')$/;
const plainStart = /^(?:-*[A-Za-z0-9./_+]|:[A-Za-z0-9])/;
/** What makes a colon a key, or the rest a comment; spaces at the end. */
const notPlain = /: | #|[ :]$/;

function readScalar(text: string): unknown {
  if (text === '{}') return {};
  if (text === '[]') return [];
  if (plainStart.test(text) && !notPlain.test(text)) {
    const resolved = resolvePlainScalar(text);
    return resolved.type === 'value' ? resolved.value : notBlockStyle;
  }
  const [, double, single] = quoted.exec(text) ?? [];
  return double ?? single ?? notBlockStyle;
}
