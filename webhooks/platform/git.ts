import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { oneLine } from '../core/engine/text.ts';

/** One file of a commit. */
export interface CommittedFile {
  /** Absolute, as it would stand in the work tree. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

export type CommittedFiles =
  | {
      readonly type: 'read';
      /** Top of the work tree, absolute. */
      readonly root: string;
      readonly files: readonly CommittedFile[];
    }
  | { readonly type: 'refused'; readonly problem: string };

export interface CommitQuery {
  /** A branch, a tag, a commit: whatever Git resolves to one. */
  readonly ref: string;
  /** In the repository. */
  readonly folder: string;
  /** Only files that hold this text; every file that is not empty holds the empty one. */
  readonly containing: string;
  /** Of these names, as Git's patterns: `*.yaml` in any folder. */
  readonly names: readonly string[];
  /** And these files, whatever their names. */
  readonly paths: readonly string[];
}

/** All files of one commit together, in bytes: far beyond the manifests of any repository. */
const maxCommittedBytes = 256 * 1024 * 1024;

/**
 * Reads files as a commit has them, by the `git` of the machine: no shell, nothing that could be taken for an option, and
 * the commit by its hash once it is found. Nothing is fetched, written or checked out.
 */
export function readCommitted({ ref, folder, containing, names, paths }: CommitQuery): CommittedFiles {
  const found = findCommit(ref, folder);
  if (found.type === 'refused') return found;
  const { root, commit } = found;
  const literal = paths
    // Git refuses the whole question for a path that is not of the repository.
    .flatMap((path) => pathInside(root, path) ?? [])
    .map((path) => `:(top,literal)${toGitPath(path)}`);
  // Without any pattern git would search everything.
  if (names.length + literal.length === 0) return { type: 'read', root, files: [] };
  const search = ['grep', '-lzaF', '--no-color', '--no-recurse-submodules', '-e', containing, commit, '--'];
  const matching = git(root, [...search, ...names, ...literal]);
  // 1 says that there is none.
  if (matching.type === 'failed' && matching.code === 1) return { type: 'read', root, files: [] };
  const listed = git(root, ['ls-tree', '-rzl', '--full-tree', commit, '--']);
  const failed = [matching, listed].find((answer) => answer.type === 'failed');
  if (matching.type === 'failed' || listed.type === 'failed') return refuse(`git failed: ${failed?.why ?? ''}`);
  const wanted = new Set(recordsOf(matching.stdout).map((name) => name.slice(commit.length + 1)));
  const blobs = recordsOf(listed.stdout)
    .flatMap(toBlob)
    .filter(({ path }) => wanted.has(path));
  return readBlobs(root, blobs);
}

type FoundCommit =
  | { readonly type: 'found'; readonly root: string; readonly commit: string }
  | { readonly type: 'refused'; readonly problem: string };

function findCommit(ref: string, folder: string): FoundCommit {
  // Git would take it for an option; no branch or tag has such a name (git check-ref-format).
  if (ref.startsWith('-')) return refuse(`'${oneLine(ref, 100)}' is no Git ref: none begins with -`);
  const inside = git(folder, findTop);
  // Hooks of Git are run with a GIT_DIR that is meant from where they are, which is above what they look at.
  const isBelow = !relative('.', folder).startsWith('..');
  const top = inside.type === 'failed' && isBelow ? git('.', findTop) : inside;
  if (top.type === 'failed') return refuse(sayNoRepository(folder, top.why));
  const root = textOf(top.stdout).replace(/\n$/, '');
  const found = git(root, ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`]);
  if (found.type === 'done') return { type: 'found', root, commit: textOf(found.stdout).trim() };
  return refuse(
    `there is no commit '${oneLine(ref, 100)}' in ${oneLine(root, 200)}: fetch it first, a pipeline's clone may not have it`,
  );
}

function sayNoRepository(folder: string, why: string): string {
  if (why === notInstalled) return `a Git ref needs the program git, and ${notInstalled}`;
  return `${oneLine(folder, 200)} is in no Git repository: ${why}`;
}

const findTop = ['rev-parse', '--show-toplevel'];

/** A file of a tree: its name from the top, and the hash and the size of its content in bytes. */
interface Blob {
  readonly path: string;
  readonly id: string;
  readonly size: number;
}

/** `<mode> SP <type> SP <id> SP+ <size> TAB <path>`; links and submodules are no files. */
function toBlob(record: string): readonly Blob[] {
  const [, id = '', size = '', path = ''] = /^100\d+ blob ([0-9a-f]+) +(\d+)\t(.*)$/s.exec(record) ?? [];
  return id === '' ? [] : [{ path, id, size: Number(size) }];
}

function readBlobs(root: string, blobs: readonly Blob[]): CommittedFiles {
  const bytes = blobs.reduce((sum, { size }) => sum + size, 0);
  if (bytes > maxCommittedBytes) {
    return refuse(`the manifests of that commit are larger than ${maxCommittedBytes / 1024 / 1024} MiB together`);
  }
  const answer = git(root, ['cat-file', '--batch'], blobs.map(({ id }) => `${id}\n`).join(''));
  if (answer.type === 'failed') return refuse(`git failed: ${answer.why}`);
  const files: CommittedFile[] = [];
  let offset = 0;
  for (const { path, size } of blobs) {
    // `<id> blob <size>`, the content, and the end of a line after it.
    const start = answer.stdout.indexOf('\n', offset) + 1;
    files.push({ path: join(root, path), bytes: answer.stdout.subarray(start, start + size) });
    offset = start + size + 1;
  }
  return { type: 'read', root, files };
}

function refuse(problem: string): { readonly type: 'refused'; readonly problem: string } {
  return { type: 'refused', problem };
}

type GitAnswer =
  | { readonly type: 'done'; readonly stdout: Buffer }
  | { readonly type: 'failed'; readonly code: number | null; readonly why: string };

/** Names in its answers take no more than this, in bytes, beside what is read. */
const maxListedBytes = 64 * 1024 * 1024;

function git(folder: string, args: readonly string[], input = ''): GitAnswer {
  const maxBuffer = maxCommittedBytes + maxListedBytes;
  const { status, stdout, stderr, error } = spawnSync('git', ['-C', folder, '--no-pager', ...args], {
    input,
    maxBuffer,
    windowsHide: true,
  });
  if (error !== undefined) return { type: 'failed', code: null, why: reasonOf(error) };
  if (status === 0) return { type: 'done', stdout };
  return { type: 'failed', code: status, why: oneLine(textOf(stderr), 300) };
}

const notInstalled = 'git is not on the PATH';

function reasonOf(error: Error): string {
  const isMissing = 'code' in error && error.code === 'ENOENT';
  return isMissing ? notInstalled : oneLine(error.message, 300);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function recordsOf(bytes: Uint8Array): readonly string[] {
  return textOf(bytes).split('\0').slice(0, -1);
}

/** As Git shows it: without links on the way. A file that is not there has no other. */
export function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

/** From this folder, whose path is real; undefined for what is not in it. */
export function pathInside(folder: string, path: string): string | undefined {
  const inside = relative(folder, realPathOf(path));
  const isOutside = inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
  return isOutside ? undefined : inside;
}

function toGitPath(path: string): string {
  return path.split(sep).join('/');
}
