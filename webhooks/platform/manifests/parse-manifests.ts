import { Composer, LineCounter, Parser, Schema } from 'yaml';
import type { Document, YAMLParseError } from 'yaml';
import { shortenEnd } from '../../core/engine/text.ts';
import type { FieldPath } from '../../core/mcpserver/violation.ts';
import { convertDocument, type ConvertedDocument, type DocumentProblem } from './convert-document.ts';
import { locateField } from './locate-field.ts';
import type { InputProblem, Manifest, Position } from './manifest.ts';
import { readBlockStyle } from './read-block-style.ts';
import { endsOfJson, splitDocuments, type DocumentText } from './split-documents.ts';
import { isRecord } from '../../core/mcpserver/record.ts';

export interface ParsedManifests {
  /** In the order of the text, Lists replaced by their items; documents with a problem are left out. */
  readonly manifests: readonly Manifest[];
  readonly problems: readonly InputProblem[];
}

/**
 * Reads YAML and JSON of any number of documents, as kubectl does; where we are stricter, docs/decisions/0051-reading-is-kubectls.md
 * says why.
 */
export function parseManifests(file: string, text: string): ParsedManifests {
  const values = unreadable.test(text) ? undefined : readBlockStyle(text);
  return values === undefined ? parseWhole(file, text) : { manifests: toManifests(values, file, text), problems: [] };
}

/** Reads the text again when somebody asks where a field stands: most manifests have no findings. */
function toManifests(values: readonly unknown[], file: string, text: string): readonly Manifest[] {
  let parsed: ParsedManifests | undefined;
  return values
    .flatMap((value) => itemsOf(value))
    .map(({ value }, index) => ({
      file,
      value,
      locate: (path) => {
        parsed ??= parseWhole(file, text);
        return parsed.manifests[index]?.locate(path) ?? startOfFile;
      },
    }));
}

const startOfFile: Position = { line: 1, column: 1 };

/** {@link parseManifests} by the parser of whole YAML alone: the same, but slower. */
export function parseWhole(file: string, text: string): ParsedManifests {
  const control = findUnreadable(text);
  if (control !== undefined) {
    const message = `a character that must be escaped or left out (U+${hexOf(control.character)})`;
    return { manifests: [], problems: [{ file, ...positionIn(text, control.offset), message }] };
  }
  try {
    return parseText(file, text);
  } catch (error) {
    // The parser recurses, so thousands of brackets end its stack.
    if (!isStackOverflow(error)) throw error;
    return { manifests: [], problems: [{ file, ...startOfFile, message: nestedTooDeeply }] };
  }
}

/**
 * What YAML's "printable" leaves out (https://yaml.org/spec/1.2.2/#51-character-set), and what ends a line for kubectl
 * but not for us: behind a comment and a lone carriage return could stand a field that only the cluster sees.
 */
const unreadable = /\r(?!\n)|[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u;

/** Not in JSON, which has no comments: there a character means nothing but itself, and kubectl takes it. */
function findUnreadable(text: string): { readonly character: string; readonly offset: number } | undefined {
  if (!unreadable.test(text)) return undefined;
  const start = [...endsOfJson(text)].at(-1) ?? 0;
  const found = unreadable.exec(text.slice(start));
  return found === null ? undefined : { character: found[0], offset: start + found.index };
}

/** Every scalar a text: what plain ones mean is decided by plain-scalar.ts. Made when it is needed, as most texts do not. */
let failsafe: Schema | undefined;

function parseText(file: string, text: string): ParsedManifests {
  const positionAt = createPositionAt(text);
  const manifests: Manifest[] = [];
  const problems: InputProblem[] = [];
  const report = ({ offset, message }: DocumentProblem): void => {
    problems.push({ file, ...positionAt(offset), message: withHint(message, text) });
  };
  const { documents, problem } = splitDocuments(text);
  for (const document of documents) {
    const { value, problems: found } = parseDocument(document.text);
    for (const { offset, message } of found) report({ offset: document.start + offset, message });
    if (found.length > 0 || value === null) continue;
    const locate = createLocate(document, positionAt);
    for (const { value: item, path } of itemsOf(value)) {
      manifests.push({ file, value: item, locate: (below) => locate([...path, ...below]) });
    }
  }
  if (problem !== undefined) report(problem);
  return { manifests, problems };
}

/** Looks for line ends when somebody asks: most texts have no findings. */
function createPositionAt(text: string): (offset: number) => Position {
  let counter: LineCounter | undefined;
  return (offset) => {
    counter ??= countLines(text);
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
}

function countLines(text: string): LineCounter {
  const counter = new LineCounter();
  for (let start = 0; ;) {
    counter.addNewLine(start);
    const end = text.indexOf('\n', start);
    if (end === -1) return counter;
    start = end + 1;
  }
}

/** One of them, and more only where kubectl would not read the text either. */
function composeDocuments(text: string): readonly Document.Parsed[] {
  failsafe ??= new Schema({ schema: 'failsafe' });
  const composer = new Composer({
    schema: failsafe,
    // Judged where keys are texts already, and without comparing each with each.
    uniqueKeys: false,
    logLevel: 'silent',
  });
  return [...composer.compose(new Parser().parse(text))];
}

function parseDocument(text: string): Pick<ConvertedDocument, 'value' | 'problems'> {
  const [document, second] = composeDocuments(text);
  if (document === undefined) return { value: null, problems: [] };
  // What follows a syntax error is mostly its echo.
  const [error] = document.errors;
  if (error !== undefined) {
    return { value: null, problems: [{ offset: error.pos[0], message: describeError(error) }] };
  }
  if (second !== undefined) {
    return { value: null, problems: [{ offset: second.range[0], message: 'more than one value in a document' }] };
  }
  return convertDocument(document.contents);
}

/**
 * Reads the document a second time when somebody asks: most documents have no findings, and the trees of all of them
 * would cost more than everything else. Keep the tree out of this closure.
 */
function createLocate({ text, start }: DocumentText, positionAt: (offset: number) => Position): Manifest['locate'] {
  let offsetOf: ((path: FieldPath) => number) | undefined;
  return (path) => {
    offsetOf ??= createOffsetOf(text);
    return positionAt(start + offsetOf(path));
  };
}

function createOffsetOf(text: string): (path: FieldPath) => number {
  const [document] = composeDocuments(text);
  const contents = document?.contents ?? null;
  const { targets } = convertDocument(contents);
  return (path) => locateField(contents, path, targets);
}

/** The parser quotes what it stumbled over, as `: "…"` or as the escape sequence: it may be a Secret. */
function describeError({ code, message }: Pick<YAMLParseError, 'code' | 'message'>): string {
  if (code === 'RESOURCE_EXHAUSTION') return nestedTooDeeply;
  if (code === 'BAD_DQ_ESCAPE') return 'an escape sequence that YAML does not have';
  return shortenEnd(message.replace(/: ".*$/s, ''), 200);
}

const nestedTooDeeply = 'nested too deeply to be read';

function withHint(message: string, text: string): string {
  return text.includes('{{')
    ? `${message} (a template? name its chart with --helm, or render it first: helm template … | mcp-lifecycle check -)`
    : message;
}

/** A value, and where in its document it stands. */
interface Item {
  readonly value: unknown;
  readonly path: FieldPath;
}

/**
 * Whatever has `items` is a list for kubectl, at any depth and whatever its kind; items that leave out both apiVersion and
 * kind are what their list says. What does not call itself a list is also judged as what it says it is.
 */
function itemsOf(value: unknown, path: FieldPath = []): readonly Item[] {
  if (!isRecord(value)) return [{ value, path }];
  const { apiVersion, kind, items } = value;
  if (!Array.isArray(items) || typeof kind !== 'string' || kind === '') return [{ value, path }];
  const listed = (items as readonly unknown[]).flatMap((item, index) => {
    const isBare = isRecord(item) && isEmptyText(item['kind']) && isEmptyText(item['apiVersion']);
    const completed = isBare ? { ...item, apiVersion, kind: kind.replace(/List$/, '') } : item;
    return itemsOf(completed, [...path, 'items', index]);
  });
  return kind.endsWith('List') ? listed : [{ value, path }, ...listed];
}

function isEmptyText(value: unknown): boolean {
  return typeof value !== 'string' || value === '';
}

function hexOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

function positionIn(text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** Not instanceof alone: tests run in a realm with another RangeError. */
function isStackOverflow(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'RangeError';
}
