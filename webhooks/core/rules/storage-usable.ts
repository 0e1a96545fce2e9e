import type { Rule } from '../engine/rule.ts';
import type { EmptyDirVolumeSource, KeyToPath, StorageMount } from '../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';

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
    const mounts = server.spec.config.storage ?? [];
    return mounts.flatMap((mount, index) => checkMount(mount, ['spec', 'config', 'storage', index, 'source']));
  },
};

function checkMount({ source }: StorageMount, path: FieldPath): readonly Violation[] {
  switch (source.type) {
    case 'ConfigMap':
      return checkItems(source.configMap?.items ?? [], [...path, 'configMap', 'items']);
    case 'Secret':
      return checkItems(source.secret?.items ?? [], [...path, 'secret', 'items']);
    case 'EmptyDir':
      return checkMedium(source.emptyDir ?? {}, [...path, 'emptyDir', 'medium']);
  }
}

function checkItems(items: readonly KeyToPath[], path: FieldPath): readonly Violation[] {
  const places = items.map(({ path: file }) => placeOf(file));
  const firstOf = new Map(places.map((place, index) => [place, index] as const).reverse());
  const directories = directoriesOf(places);
  return places.flatMap((place, index) => {
    const at = { path: [...path, index, 'path'], detail: `found '${items[index]?.path ?? ''}'` };
    if (place === '') return [{ ...at, headline: 'the path names the mount itself, not a file' }];
    if (directories.has(place)) return [{ ...at, headline: 'another file needs a directory at this path' }];
    return firstOf.get(place) === index ? [] : [{ ...at, headline: 'another file has the same path' }];
  });
}

/** Sorted with a separator below every character, what is inside a place comes right after it: no pair is compared. */
function directoriesOf(places: readonly string[]): ReadonlySet<string> {
  const sorted = [...new Set(places)].map((place) => place.replaceAll('/', separator)).sort();
  const directories = sorted.filter((place, index) => sorted[index + 1]?.startsWith(place + separator));
  return new Set(directories.map((place) => place.replaceAll(separator, '/')));
}

function placeOf(file: string): string {
  return file
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

function checkMedium({ medium: found = '' }: EmptyDirVolumeSource, path: FieldPath): readonly Violation[] {
  if (medium.test(found)) return [];
  const remedy = 'Use Memory or HugePages, or remove it.';
  return [{ path, headline: 'no node has this medium', detail: `found '${found}'`, remedy }];
}
