import { globSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { InputProblem, Position } from './manifest.ts';

/** One input as text. */
export interface InputText {
  readonly file: string;
  readonly text: string;
  /** Where in the file a place in the text is; absent where the text is what the file holds. */
  readonly place?: (position: Position) => Position;
}

export interface ReadTexts {
  readonly texts: readonly InputText[];
  readonly problems: readonly InputProblem[];
}

/** Largest input, in bytes: far beyond what an API server stores, small enough to be read on a laptop. */
export const maxInputBytes = 64 * 1024 * 1024;

/** Folders that hold other people's files. */
const skippedFolders: ReadonlySet<string> = new Set(['.git', 'node_modules']);

const manifestName = /\.(ya?ml|json)$/;

/**
 * The inputs in the order given: a file whatever its name, the *.yaml, *.yml and *.json files of a folder and the
 * folders in it by name (not of folders that are links), standard input for `-`. What is named twice, also by a link,
 * is read once: a mounted ConfigMap has its files behind links, and the real ones in a folder whose name begins with `..`.
 *
 * Files are read synchronously: nothing else waits in a command, and thousands of small files take a third of the time.
 */
export async function readTexts(paths: readonly string[], readStdin: () => Promise<Uint8Array>): Promise<ReadTexts> {
  const problems: InputProblem[] = [];
  const texts: InputText[] = [];
  const keep = (file: string, bytes: () => Uint8Array): void => {
    const read = decode(file, bytes);
    if ('text' in read) texts.push(read);
    else problems.push(read);
  };
  const found = paths.map((path) =>
    path === '-' ? 'stdin' : matchesOf(path).flatMap((match) => findFiles(match, problems)),
  );
  const isFirst = createIsFirst(found.flatMap((files) => (files === 'stdin' ? [] : files)));
  for (const [index, files] of found.entries()) {
    if (files === 'stdin') {
      const bytes = found.indexOf('stdin') === index ? await readStdin() : undefined;
      if (bytes !== undefined) keep('-', () => bytes);
      continue;
    }
    for (const file of files.filter(isFirst)) keep(file.path, () => readFileSync(file.path));
  }
  return { texts, problems };
}

/** A file as the user, or the folder, names it, and what is the same for every name of it. */
interface FoundFile {
  readonly path: string;
  readonly realPath: string;
}

/** Whether it is to be read: once each, by its own name where it has been found by that, too. */
function createIsFirst(files: readonly FoundFile[]): (file: FoundFile) => boolean {
  const own = new Set(files.filter(isNamedByItself).map(({ realPath }) => realPath));
  const seen = new Set<string>();
  return (file) => {
    if (seen.has(file.realPath) || (own.has(file.realPath) && !isNamedByItself(file))) return false;
    seen.add(file.realPath);
    return true;
  };
}

/**
 * What a pattern stands for where no shell has seen it, by code unit; not folders that are links. Itself where it is none, is the name of a file or
 * matches nothing, and where Node is too old to know (it can since 22).
 */
function matchesOf(path: string): readonly string[] {
  const isPattern = looksLikePattern(path) && statSync(path, { throwIfNoEntry: false }) === undefined;
  if (!isPattern || !knowsPatterns) return [path];
  const found = globSync(path, { exclude: (name) => isSkipped(basename(name)) });
  const matches = found.filter((match) => !(isLink(match) && isFolder(match)));
  return matches.length === 0 ? [path] : matches.sort((a, b) => (a < b ? -1 : 1));
}

/** The one file of the whole suite may run on a Node that is older than the types. */
const knowsPatterns = (globSync as unknown) !== undefined;

function looksLikePattern(path: string): boolean {
  return /[*?[{]/.test(path);
}

/** Why a path that was named leads nowhere; an old Node takes a pattern for the name of a file. */
export function whyMissing(path: string, { isOldNode = !knowsPatterns } = {}): string {
  const why = 'no such file or folder';
  if (!isOldNode || !looksLikePattern(path)) return why;
  return `${why}; it looks like a pattern, and Node ${process.versions.node} looks up none: use Node 22 or newer, let a shell expand it, or name the folder`;
}

function isNamedByItself({ path, realPath }: FoundFile): boolean {
  return basename(path) === basename(realPath);
}

function findFiles(path: string, problems: InputProblem[]): readonly FoundFile[] {
  try {
    const isFolder = statSync(path).isDirectory();
    const realPath = realpathSync(path);
    return isFolder ? filesBelow({ path, realPath }, problems) : [{ path, realPath }];
  } catch (error) {
    const message = codeOf(error) === 'ENOENT' ? whyMissing(path) : reasonOf(error);
    problems.push({ file: path, message });
    return [];
  }
}

function filesBelow(folder: FoundFile, problems: InputProblem[]): readonly FoundFile[] {
  const entries = readdirSync(folder.path, { withFileTypes: true });
  // By code unit: the same order on every machine.
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.flatMap((entry) => {
    const path = join(folder.path, entry.name);
    if (entry.isDirectory()) return isSkipped(entry.name) ? [] : findFiles(path, problems);
    if (!manifestName.test(entry.name)) return [];
    if (!entry.isSymbolicLink()) return [{ path, realPath: join(folder.realPath, entry.name) }];
    return isFolder(path) ? [] : [{ path, realPath: realPathOf(path) }];
  });
}

function isSkipped(folder: string): boolean {
  return skippedFolders.has(folder) || /^\.\../.test(folder);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** Of a link; one that leads nowhere is reported when it is read. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function decode(file: string, read: () => Uint8Array): InputText | InputProblem {
  try {
    return decodeText(file, read());
  } catch (error) {
    return { file, message: reasonOf(error) };
  }
}

/** As kubectl does: UTF-16 by its byte order mark, everything else is UTF-8. Drops the mark. */
export function decodeText(file: string, bytes: Uint8Array): InputText | InputProblem {
  if (bytes.byteLength > maxInputBytes) return { file, message: `larger than ${maxInputBytes / 1024 / 1024} MiB` };
  const encoding = encodingOf(bytes);
  try {
    return { file, text: new TextDecoder(encoding, { fatal: true }).decode(bytes) };
  } catch {
    return { file, message: `not ${encoding.replace(/[bl]e$/, '').toUpperCase()} text` };
  }
}

function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16be' | 'utf-16le' {
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return first === 0xff && second === 0xfe ? 'utf-16le' : 'utf-8';
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'is a folder',
};

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return reasons[code] ?? `cannot be read (${code === '' ? 'unknown reason' : code})`;
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
