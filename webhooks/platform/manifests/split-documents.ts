import type { DocumentProblem } from './convert-document.ts';

/** A part of a text that kubectl reads by itself. */
export interface DocumentText {
  /** How many characters into the text it begins. */
  readonly start: number;
  readonly text: string;
}

export interface SplitDocuments {
  /** In order; some may be empty. */
  readonly documents: readonly DocumentText[];
  /** Why the rest of the text is not read. */
  readonly problem?: DocumentProblem;
}

/**
 * The documents of a text where kubectl parts them, which is before YAML is read, line by line: only `---` alone on its
 * line, or with a comment, ends one. A text that begins with a brace is JSON objects one after the other; behind the
 * first there may be YAML instead (k8s.io/apimachinery/pkg/util/yaml, YAMLOrJSONDecoder).
 */
export function splitDocuments(text: string): SplitDocuments {
  const documents: DocumentText[] = [];
  let at = 0;
  for (const end of endsOfJson(text)) {
    documents.push({ start: at, text: withoutReturns(text.slice(at, end)) });
    at = end;
  }
  const rest = text.slice(at);
  const isRead = documents.length > 0 && rest.trim() === '';
  if (isRead) return { documents };
  if (documents.length > 1) {
    const message = "only JSON objects may stand behind JSON objects: part documents of YAML with '---'";
    return { documents, problem: { offset: at + leadingBlanks(rest), message } };
  }
  // YAML begins on a line of its own, whatever blanks the object before it left on its line.
  if (documents.length > 0) at += /^[ \t\r]*\n?/.exec(rest)?.[0].length ?? 0;
  const problem = splitYaml(text, at, documents);
  return problem === undefined ? { documents } : { documents, problem };
}

/** Where each of the JSON objects ends with which a text begins. */
export function* endsOfJson(text: string): Generator<number, void> {
  for (let end = endOfJson(text, 0); end !== undefined; end = endOfJson(text, end)) yield end;
}

/** A carriage return is no part of a text in JSON, and as good as a blank; to the parser of YAML it is neither. */
function withoutReturns(json: string): string {
  return json.replaceAll('\r', ' ');
}

/** Where the JSON object ends that begins at `start`, blanks aside; nothing where there is none. */
function endOfJson(text: string, start: number): number | undefined {
  json.lastIndex = start;
  if (!json.test(text)) return undefined;
  const end = endOfBraces(text, json.lastIndex - 1);
  return end !== undefined && isJson(text.slice(start, end)) ? end : undefined;
}

const json = /[ \t\r\n]*\{/y;

/** Behind the brace that closes the one at `start`. */
function endOfBraces(text: string, start: number): number | undefined {
  let depth = 0;
  let isInText = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (isInText) {
      if (character === '\\') at += 1;
      else if (character === '"') isInText = false;
    } else if (character === '"') isInText = true;
    else if (character === '{') depth += 1;
    else if (character === '}') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function leadingBlanks(text: string): number {
  return text.length - text.trimStart().length;
}

const mark = '---';

/** Adds what stands between the marks; the first that kubectl refuses is the end. */
function splitYaml(text: string, from: number, documents: DocumentText[]): DocumentProblem | undefined {
  let start = from;
  for (let at = markAt(text, from); at !== undefined; at = markAt(text, start)) {
    const problem = addDocument(documents, { start, text: text.slice(start, at) });
    if (problem !== undefined) return problem;
    const end = endOfLine(text, at);
    const rest = text.slice(at + mark.length, end);
    if (!/^\s*$|^\s+#/.test(rest)) {
      const message = "only a comment may stand behind '---': begin the document on the next line";
      return { offset: at + mark.length + leadingBlanks(rest), message };
    }
    start = end;
  }
  return addDocument(documents, { start, text: text.slice(start) });
}

/** At the beginning of a line. */
function markAt(text: string, from: number): number | undefined {
  if (text.startsWith(mark, from)) return from;
  const found = text.indexOf(`\n${mark}`, from);
  return found === -1 ? undefined : found + 1;
}

/** Where the next line begins. */
function endOfLine(text: string, from: number): number {
  const found = text.indexOf('\n', from);
  return found === -1 ? text.length : found + 1;
}

function addDocument(documents: DocumentText[], document: DocumentText): DocumentProblem | undefined {
  const found = problemOf(document.text);
  if (found !== undefined) return { ...found, offset: document.start + found.offset };
  documents.push(document);
  return undefined;
}

function problemOf(text: string): DocumentProblem | undefined {
  const first = text.search(content);
  if (text[first] === '%') {
    return { offset: first, message: 'kubectl reads no directives (%YAML, %TAG): leave the line out' };
  }
  const end = text.search(endMark);
  if (end === -1 || !content.test(text.slice(end + '...'.length))) return undefined;
  return { offset: end, message: "kubectl does not read what stands behind '...': part documents with '---'" };
}

/** The first line that is neither blank nor a comment. */
const content = /^[ \t]*[^ \t\r\n#]/m;
const endMark = /^\.\.\.(?![^ \t\r\n])/m;
