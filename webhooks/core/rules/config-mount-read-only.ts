import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import type { StorageMount } from '../mcpserver/types.gen.ts';

export const configMountReadOnly: Rule = {
  id: 'config-mount-read-only',
  severity: 'warn',
  summary: 'A mounted ConfigMap or Secret should not be declared ReadWrite.',
  rationale:
    'Kubernetes mounts ConfigMaps and Secrets read-only whatever the mount says: a server that writes there gets `Read-only ' +
    'file system`, and nothing would be written back to the object. A server that has to write needs scratch space, and its ' +
    'configuration copied into it or found beside it.',
  remedy: 'Use ReadOnly; to write, mount an EmptyDir with ReadWrite at a path of its own.',
  examples: {
    accepts: [
      { title: 'a ConfigMap that is mounted read-only', spec: withMounts(ofConfigMap('ReadOnly')) },
      {
        title: 'scratch space that is written to',
        spec: withMounts({ path: '/tmp', permissions: 'ReadWrite', source: { type: 'EmptyDir', emptyDir: {} } }),
      },
    ],
    rejects: [
      { title: 'a ConfigMap to be written to', spec: withMounts(ofConfigMap('ReadWrite')) },
      {
        title: 'a Secret to be written to',
        spec: withMounts({
          path: '/etc/tls',
          permissions: 'ReadWrite',
          source: { type: 'Secret', secret: { secretName: 'search-tls' } },
        }),
      },
    ],
  },
  check({ server }) {
    const { storage } = server.spec.config;
    if (storage?.some(isWritten) !== true) return none;
    return storage.flatMap((mount, index) => {
      if (!isWritten(mount)) return [];
      const headline = `a ${mount.source.type} is mounted read-only all the same`;
      const path = ['spec', 'config', 'storage', index, 'permissions'];
      return [{ path, headline, detail: 'found permissions: ReadWrite', cause: [mount.source.type] }];
    });
  },
};

function isWritten({ permissions, source }: StorageMount): boolean {
  return permissions === 'ReadWrite' && source.type !== 'EmptyDir';
}

function ofConfigMap(permissions: string): object {
  return { path: '/etc/search', permissions, source: { type: 'ConfigMap', configMap: { name: 'search-config' } } };
}

function withMounts(...mounts: readonly object[]): Readonly<Record<string, unknown>> {
  return { config: { storage: mounts } };
}
