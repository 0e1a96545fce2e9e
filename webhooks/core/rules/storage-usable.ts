import type { Rule } from '../engine/rule.ts';
import { each, none } from '../engine/violations.ts';
import { inside, pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { KeyToPath, StorageMount } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { ofConfigMap, ofEmptyDir, ofSecret, withMounts } from './parts/example-specs.ts';

/** https://kubernetes.io/docs/concepts/storage/volumes/#emptydir */
const medium = /^(Memory|HugePages(-.+)?)?$/;

/** A path that is clean already: no part is empty or starts with a dot. */
const longestPlain = 255;
/** So many files are compared each with each. */
const few = 16;
const plainFile = /^[^/.][^/]*(?:\/[^/.][^/]*)*$/;

const separator = '\u0000';

export const storageUsable: Rule = {
  id: 'storage-usable',
  severity: 'warn',
  summary: 'Every mount should be one that a node can make: files that do not overlap, a medium that exists.',
  rationale:
    'Kubernetes accepts two files at one path of a volume, a file where another one needs a directory, and any text as the ' +
    'medium of scratch space. The pods then wait for their volumes for ever, or miss a file.',
  remedy: 'Give every file a path of its own.',
  examples: {
    accepts: [
      {
        title: 'two files of one ConfigMap',
        spec: withMounts({
          path: '/etc/search',
          source: ofConfigMap({
            name: 'search-config',
            items: [
              { key: 'a', path: 'a.toml' },
              { key: 'b', path: 'conf/b.toml' },
            ],
          }),
        }),
        configMaps: { 'search-config': ['a', 'b'] },
      },
      {
        title: 'scratch space in memory',
        spec: withMounts({ path: '/tmp', permissions: 'ReadWrite', source: ofEmptyDir({ medium: 'Memory' }) }),
      },
    ],
    rejects: [
      {
        title: 'two files at one path',
        spec: withMounts({
          path: '/etc/search',
          source: ofSecret({
            secretName: 'keys',
            items: [
              { key: 'a', path: 'key' },
              { key: 'b', path: './key' },
            ],
          }),
        }),
      },
      {
        title: 'a file where another one needs a directory',
        spec: withMounts({
          path: '/etc/search',
          source: ofSecret({
            secretName: 'keys',
            items: [
              { key: 'a', path: 'key/private' },
              { key: 'b', path: 'key' },
            ],
          }),
        }),
      },
      {
        title: 'a medium that is none',
        spec: withMounts({ path: '/tmp', permissions: 'ReadWrite', source: ofEmptyDir({ medium: 'Disk' }) }),
      },
    ],
  },
  check({ server }) {
    return each(server.spec.config.storage, storage, checkMount);
  },
};

const storage = placeOf('spec', 'config', 'storage');

function checkMount({ source }: StorageMount, place: Place): readonly Violation[] {
  const at = inside(place, 'source');
  switch (source.type) {
    case 'ConfigMap':
      return checkItems(source.configMap?.items, inside(at, 'configMap'));
    case 'Secret':
      return checkItems(source.secret?.items, inside(at, 'secret'));
    case 'EmptyDir':
      return checkMedium(source.emptyDir?.medium, inside(at, 'emptyDir'));
  }
}

function checkItems(items: readonly KeyToPath[] | undefined, at: Place): readonly Violation[] {
  if (items === undefined || areUsual(items)) return none;
  const files = items.map(({ path: file }) => normalizeFile(file));
  if (areApart(files)) return none;
  const firstOf = new Map(files.map((file, index) => [file, index] as const).reverse());
  const directories = directoriesOf(files);
  return files.flatMap((file, index) => {
    const found = { path: pathTo(at, 'items', index, 'path'), detail: `found '${items[index]?.path ?? ''}'` };
    if (file === '') return [{ ...found, headline: 'the path names the mount itself, not a file' }];
    if (directories.has(file))
      return [{ ...found, headline: 'another file needs a directory at this path', cause: ['directory'] }];
    if (firstOf.get(file) === index) return [];
    return [{ ...found, headline: 'another file has the same path', cause: ['same'] }];
  });
}

/** Sorted with a separator below every character, what is inside a directory comes right after it: no pair is compared. */
function directoriesOf(files: readonly string[]): ReadonlySet<string> {
  const sorted = [...new Set(files)].map((file) => file.replaceAll('/', separator)).sort();
  const directories = sorted.filter((file, index) => sorted[index + 1]?.startsWith(file + separator));
  return new Set(directories.map((directory) => directory.replaceAll(separator, '/')));
}

/** Nearly every list: a few plain files, which are compared one with another without building anything. */
function areUsual(items: readonly KeyToPath[]): boolean {
  if (items.length > few) return false;
  return items.every(({ path: file }, index) => {
    if (file.length > longestPlain || !plainFile.test(file)) return false;
    for (let before = 0; before < index; before += 1) if (collide(file, items[before]?.path ?? '')) return false;
    return true;
  });
}

/** Whether they are the same file, or one would have to be the directory of the other. */
function collide(file: string, other: string): boolean {
  return file === other || isBelow(file, other) || isBelow(other, file);
}

function isBelow(file: string, directory: string): boolean {
  return file[directory.length] === '/' && file.startsWith(directory);
}

/** Nearly every other list: each file has a name, another one than the others, and none is the directory of another. */
function areApart(files: readonly string[]): boolean {
  const known = new Set(files);
  return known.size === files.length && !known.has('') && directoriesOf(files).size === 0;
}

function normalizeFile(file: string): string {
  if (file.length <= longestPlain && plainFile.test(file)) return file;
  return file
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

function checkMedium(found: string | undefined, place: Place): readonly Violation[] {
  if (found === undefined || medium.test(found)) return none;
  const remedy = 'Use Memory or HugePages, or remove it.';
  return [{ path: pathTo(place, 'medium'), headline: 'no node has this medium', detail: `found '${found}'`, remedy }];
}
