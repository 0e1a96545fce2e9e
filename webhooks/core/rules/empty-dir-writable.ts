import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import type { StorageMount } from '../mcpserver/types.gen.ts';
import { ofConfigMap, withMounts } from './parts/example-specs.ts';

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
        spec: withMounts({ path: '/etc/search', source: ofConfigMap({ name: 'search-config' }) }),
      },
    ],
    rejects: [
      { title: 'scratch space without permissions', spec: withScratch({}) },
      { title: 'scratch space that is read-only', spec: withScratch({ permissions: 'RecursiveReadOnly' }) },
    ],
  },
  check({ server }) {
    const { storage } = server.spec.config;
    if (storage?.some(isUseless) !== true) return none;
    return storage.flatMap((mount, index) => {
      if (!isUseless(mount)) return [];
      const headline = 'an empty directory that nobody can write to';
      const path = ['spec', 'config', 'storage', index, 'permissions'];
      return [{ path, headline, detail: `found permissions: ${mount.permissions ?? 'ReadOnly'}` }];
    });
  },
};

function isUseless({ permissions, source }: StorageMount): boolean {
  return source.type === 'EmptyDir' && permissions !== 'ReadWrite';
}

function withScratch(permissions: object): Readonly<Record<string, unknown>> {
  return {
    config: {
      storage: [{ path: '/tmp', ...permissions, source: { type: 'EmptyDir', emptyDir: { medium: 'Memory' } } }],
    },
  };
}
