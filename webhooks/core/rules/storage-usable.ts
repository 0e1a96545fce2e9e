import type { Rule } from '../engine/rule.ts';
import { each, none } from '../engine/violations.ts';
import { inside, pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { KeyToPath, StorageMount } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';

/** https://kubernetes.io/docs/concepts/storage/volumes/#emptydir */
const medium = /^(Memory|HugePages(-.+)?)?$/;

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
        spec: {
          config: {
            storage: [
              {
                path: '/etc/search',
                source: {
                  type: 'ConfigMap',
                  configMap: {
                    name: 'search-config',
                    items: [
                      { key: 'a', path: 'a.toml' },
                      { key: 'b', path: 'conf/b.toml' },
                    ],
                  },
                },
              },
            ],
          },
        },
        configMaps: { 'search-config': ['a', 'b'] },
      },
      {
        title: 'scratch space in memory',
        spec: { config: { storage: [{ path: '/tmp', source: { type: 'EmptyDir', emptyDir: { medium: 'Memory' } } }] } },
      },
    ],
    rejects: [
      {
        title: 'two files at one path',
        spec: {
          config: {
            storage: [
              {
                path: '/etc/search',
                source: {
                  type: 'Secret',
                  secret: {
                    secretName: 'keys',
                    items: [
                      { key: 'a', path: 'key' },
                      { key: 'b', path: './key' },
                    ],
                  },
                },
              },
            ],
          },
        },
      },
      {
        title: 'a file where another one needs a directory',
        spec: {
          config: {
            storage: [
              {
                path: '/etc/search',
                source: {
                  type: 'Secret',
                  secret: {
                    secretName: 'keys',
                    items: [
                      { key: 'a', path: 'key/private' },
                      { key: 'b', path: 'key' },
                    ],
                  },
                },
              },
            ],
          },
        },
      },
      {
        title: 'a medium that is none',
        spec: { config: { storage: [{ path: '/tmp', source: { type: 'EmptyDir', emptyDir: { medium: 'Disk' } } }] } },
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
  if (items === undefined) return none;
  const places = items.map(({ path: file }) => insideMount(file));
  const firstOf = new Map(places.map((place, index) => [place, index] as const).reverse());
  const directories = directoriesOf(places);
  return places.flatMap((place, index) => {
    const found = { path: pathTo(at, 'items', index, 'path'), detail: `found '${items[index]?.path ?? ''}'` };
    if (place === '') return [{ ...found, headline: 'the path names the mount itself, not a file' }];
    if (directories.has(place)) return [{ ...found, headline: 'another file needs a directory at this path' }];
    return firstOf.get(place) === index ? [] : [{ ...found, headline: 'another file has the same path' }];
  });
}

/** Sorted with a separator below every character, what is inside a place comes right after it: no pair is compared. */
function directoriesOf(places: readonly string[]): ReadonlySet<string> {
  const sorted = [...new Set(places)].map((place) => place.replaceAll('/', separator)).sort();
  const directories = sorted.filter((place, index) => sorted[index + 1]?.startsWith(place + separator));
  return new Set(directories.map((place) => place.replaceAll(separator, '/')));
}

function insideMount(file: string): string {
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
