import type { Rule } from '../engine/rule.ts';
import { each, none } from '../engine/violations.ts';
import { pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { StorageMount } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';

export const emptyDirWritable: Rule = {
  id: 'empty-dir-writable',
  severity: 'warn',
  summary: 'An EmptyDir should be mounted ReadWrite.',
  rationale:
    'A mount is ReadOnly unless it says otherwise, an EmptyDir too: then it is an empty directory that nobody can ever ' +
    'write to. Servers meet that with `Read-only file system`, mostly long after their start. The root of the container is ' +
    'read-only by default, so `/tmp` and caches are what an EmptyDir is for.',
  remedy: 'Set permissions: ReadWrite, or remove the mount.',
  examples: {
    accepts: [
      { title: 'scratch space that is written to', spec: withScratch({ permissions: 'ReadWrite' }) },
      {
        title: 'a ConfigMap, which is read-only by default',
        spec: {
          config: {
            storage: [{ path: '/etc/search', source: { type: 'ConfigMap', configMap: { name: 'search-config' } } }],
          },
        },
      },
    ],
    rejects: [
      { title: 'scratch space without permissions', spec: withScratch({}) },
      { title: 'scratch space that is read-only', spec: withScratch({ permissions: 'RecursiveReadOnly' }) },
    ],
  },
  check({ server }) {
    return each(server.spec.config.storage, storage, checkMount);
  },
};

const storage = placeOf('spec', 'config', 'storage');

function checkMount({ permissions, source }: StorageMount, place: Place): readonly Violation[] {
  if (source.type !== 'EmptyDir' || permissions === 'ReadWrite') return none;
  return [
    {
      path: pathTo(place, 'permissions'),
      headline: 'an empty directory that nobody can write to',
      detail: `found permissions: ${permissions ?? 'ReadOnly'}`,
    },
  ];
}

function withScratch(permissions: object): Readonly<Record<string, unknown>> {
  return {
    config: {
      storage: [{ path: '/tmp', ...permissions, source: { type: 'EmptyDir', emptyDir: { medium: 'Memory' } } }],
    },
  };
}
