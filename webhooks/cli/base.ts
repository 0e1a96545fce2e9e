import { statSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';
import type { Policy } from '../core/engine/policy.ts';
import { oneLine } from '../core/engine/text.ts';
import { readCommitted, realPathOf } from '../platform/git.ts';
import { parseManifests } from '../platform/manifests/parse-manifests.ts';
import { decodeText } from '../platform/manifests/read-texts.ts';
import { gatherInput, type Input } from './gather.ts';
import { identityOf } from './identity.ts';
import { serverManifestsOf, type ServerManifest } from './server-manifest.ts';

/** The policy that was in force before the change: status of a stored server remembers what it excused. */
export interface BasePolicy {
  /** As users know it: a file, or `REF:FILE` as Git calls it. */
  readonly name: string;
  readonly policy: Policy;
}

/** The servers that the input is a change of. */
export interface Base {
  /** As the user named it. */
  readonly name: string;
  /** Absent where nobody knows another one than that of now. */
  readonly policy?: BasePolicy | undefined;
  /** The server as it was: the object of that namespace and name, wherever its file is now. */
  find(file: string, identity: { readonly namespace: string; readonly name: string }): ServerManifest | undefined;
}

export type GatheredBase =
  | { readonly type: 'gathered'; readonly base: Base | undefined }
  | { readonly type: 'refused'; readonly problem: string };

export interface BaseOptions {
  /** Of objects that name none. */
  readonly namespace: string;
}

/**
 * What `--base` names; nothing for an empty word. What exists as a folder or a file is one, everything else a Git ref. What
 * cannot be read there is not there: its servers are judged as new ones, which refuses more and never less.
 */
export async function gatherBase(word: string, input: Input, { namespace }: BaseOptions): Promise<GatheredBase> {
  if (word === '') return { type: 'gathered', base: undefined };
  if (statSync(word, { throwIfNoEntry: false }) !== undefined) {
    const { servers } = await gatherInput({ paths: [word], namespace, readStdin: nothing });
    const judged = new Set(
      input.servers
        .map(({ file }) => file)
        .filter((file) => file !== '-')
        .map(realPathOf),
    );
    const same = servers.find(({ file }) => judged.has(realPathOf(file)));
    if (same !== undefined) {
      const problem = `${oneLine(same.file, 200)} is judged itself, and compared with itself everything passes: name a Git ref, or a folder with what was there before`;
      return { type: 'refused', problem };
    }
    const matches: Match = (file, before) => isTail(relative(realPathOf(word), realPathOf(before)), realPathOf(file));
    return { type: 'gathered', base: createBase({ name: word, servers, namespace, matches }) };
  }
  const committed = readCommitted({
    ref: word,
    folder: repositoryOf(input),
    // In the name of every kind that becomes one.
    containing: 'MCP',
    names: ['*.yaml', '*.yml', '*.json'],
    paths: [...new Set(input.servers.map(({ file }) => file).filter((file) => file !== '-'))],
  });
  if (committed.type === 'refused') return { type: 'refused', problem: committed.problem };
  const servers = committed.files.flatMap(({ path, bytes }) => readServers(path, bytes));
  const matches: Match = (file, before) => realPathOf(file) === before;
  return { type: 'gathered', base: createBase({ name: word, servers, namespace, matches }) };
}

const nothing = (): Promise<Uint8Array> => Promise.resolve(new Uint8Array());

/** Where the repository is looked for: at the first file of the input, or here. */
export function repositoryOf({ servers }: Pick<Input, 'servers'>): string {
  const file = servers.find((server) => server.file !== '-')?.file;
  return file === undefined ? '.' : dirname(file);
}

function readServers(file: string, bytes: Uint8Array): readonly ServerManifest[] {
  const read = decodeText(file, bytes);
  if (!('text' in read)) return [];
  return parseManifests(file, read.text).manifests.flatMap(serverManifestsOf);
}

/** Whether the file of the base is that of the input. */
type Match = (file: string, before: string) => boolean;

interface BaseContent extends BaseOptions {
  readonly name: string;
  readonly servers: readonly ServerManifest[];
  readonly matches: Match;
}

/**
 * A base and its overlays may hold one identity several times: the file then says which is meant. Where it does not, none
 * is: what one of them had must not excuse another.
 */
function createBase({ name, servers, namespace, matches }: BaseContent): Base {
  const known = new Map<string, ServerManifest[]>();
  for (const server of servers) {
    const key = keyOf(identityOf(server.value, namespace));
    const others = known.get(key);
    if (others === undefined) known.set(key, [server]);
    else others.push(server);
  }
  return {
    name,
    find: (file, identity) => {
      // Without a name nobody can tell which it is: the API server makes one for each.
      const candidates = identity.name === '' ? [] : (known.get(keyOf(identity)) ?? []);
      const ofFile = file === '-' ? [] : candidates.filter((before) => matches(file, before.file));
      return onlyOne(ofFile) ?? onlyOne(candidates);
    },
  };
}

function keyOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return JSON.stringify([namespace, name]);
}

function onlyOne<Item>(items: readonly Item[]): Item | undefined {
  return items.length === 1 ? items[0] : undefined;
}

/** Whether a path ends in another, by whole names. */
function isTail(tail: string, path: string): boolean {
  return tail !== '' && `${sep}${path}`.endsWith(`${sep}${tail}`);
}
