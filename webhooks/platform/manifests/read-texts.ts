import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { InputProblem } from './manifest.ts';

/** One input as text. */
export interface InputText {
  readonly file: string;
  readonly text: string;
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
 * folders in it by name (not of folders that are links), standard input for `-`. What is named twice is read once.
 *
 * Files are read synchronously: nothing else waits in a command, and thousands of small files take a third of the time.
 */
export async function readTexts(paths: readonly string[], readStdin: () => Promise<Uint8Array>): Promise<ReadTexts> {
  const seen = new Set<string>();
  const problems: InputProblem[] = [];
  const texts: InputText[] = [];
  const keep = (file: string, bytes: () => Uint8Array): void => {
    const read = decode(file, bytes);
    if ('text' in read) texts.push(read);
    else problems.push(read);
  };
  for (const path of paths) {
    if (path === '-') {
      const bytes = seen.has('-') ? undefined : await readStdin();
      if (bytes !== undefined) keep('-', () => bytes);
      seen.add('-');
      continue;
    }
    for (const file of findFiles(path, problems)) {
      const identity = resolve(file);
      if (!seen.has(identity)) keep(file, () => readFileSync(file));
      seen.add(identity);
    }
  }
  return { texts, problems };
}

function findFiles(path: string, problems: InputProblem[]): readonly string[] {
  try {
    return statSync(path).isDirectory() ? filesBelow(path, problems) : [path];
  } catch (error) {
    problems.push({ file: path, message: reasonOf(error) });
    return [];
  }
}

function filesBelow(folder: string, problems: InputProblem[]): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  // By code unit: the same order on every machine.
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skippedFolders.has(entry.name) ? [] : findFiles(path, problems);
    return manifestName.test(entry.name) && !isLinkToFolder(entry, path) ? [path] : [];
  });
}

/** A link that leads nowhere is reported when it is read. */
function isLinkToFolder(entry: { isSymbolicLink(): boolean }, path: string): boolean {
  return entry.isSymbolicLink() && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Drops a byte order mark. */
function decode(file: string, read: () => Uint8Array): InputText | InputProblem {
  try {
    const bytes = read();
    if (bytes.byteLength > maxInputBytes) return { file, message: `larger than ${maxInputBytes / 1024 / 1024} MiB` };
    return { file, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    return { file, message: reasonOf(error) };
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'is a folder',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'not UTF-8 text',
};

function reasonOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return reasons[code] ?? `cannot be read (${code === '' ? 'unknown reason' : code})`;
}
