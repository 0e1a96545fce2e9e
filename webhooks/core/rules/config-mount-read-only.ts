import type { Rule } from '../engine/rule.ts';
import { each, none } from '../engine/violations.ts';
import { pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { StorageMount } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';

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
    return each(server.spec.config.storage, storage, checkMount);
  },
};

const storage = placeOf('spec', 'config', 'storage');

function checkMount({ permissions, source }: StorageMount, place: Place): readonly Violation[] {
  if (permissions !== 'ReadWrite' || source.type === 'EmptyDir') return none;
  const headline = `a ${source.type} is mounted read-only all the same`;
  return [{ path: pathTo(place, 'permissions'), headline, detail: 'found permissions: ReadWrite' }];
}

function ofConfigMap(permissions: string): object {
  return { path: '/etc/search', permissions, source: { type: 'ConfigMap', configMap: { name: 'search-config' } } };
}

function withMounts(...mounts: readonly object[]): Readonly<Record<string, unknown>> {
  return { config: { storage: mounts } };
}
