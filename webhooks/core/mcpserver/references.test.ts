import { describe, expect, it } from '@jest/globals';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import type { Reference } from './references.ts';
import { isConfiguration, referencesOf } from './references.ts';
import { renderPath } from './violation.ts';

const referencesIn = (spec: Readonly<Record<string, unknown>>): readonly Reference[] =>
  referencesOf(anMCPServer(withRawSpec(spec)));
const inShort = ({ kind, name, isOptional, path }: Reference): string =>
  `${kind} ${name}${isOptional ? '?' : ''} at ${renderPath(path)}`;

describe('referencesOf', () => {
  it('finds nothing in a server that names nothing', () => {
    expect(referencesIn({})).toEqual([]);
  });

  it('lists storage, envFrom, env, the CA bundle, the ServiceAccount and pull secrets in this order', () => {
    const references = referencesIn({
      source: { containerImage: { imagePullSecrets: [{ name: 'registry' }] } },
      runtime: { security: { serviceAccountName: 'search' } },
      transport: { tls: { enabled: true, caBundleSecret: { name: 'ca' } } },
      config: {
        env: [
          { name: 'PLAIN', value: 'x' },
          { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'token' } } },
          { name: 'URL', valueFrom: { configMapKeyRef: { name: 'c', key: 'url', optional: true } } },
          { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        ],
        envFrom: [{ configMapRef: { name: 'all' } }, { prefix: 'S_', secretRef: { name: 'more', optional: true } }],
        storage: [
          { path: '/tmp', source: { type: 'EmptyDir', emptyDir: {} } },
          { path: '/c', source: { type: 'ConfigMap', configMap: { name: 'files' } } },
          { path: '/s', source: { type: 'Secret', secret: { secretName: 'keys', optional: true } } },
        ],
      },
    });
    expect(references.map(inShort)).toEqual([
      'ConfigMap files at spec.config.storage[1].source.configMap.name',
      'Secret keys? at spec.config.storage[2].source.secret.secretName',
      'ConfigMap all at spec.config.envFrom[0].configMapRef.name',
      'Secret more? at spec.config.envFrom[1].secretRef.name',
      'Secret s at spec.config.env[1].valueFrom.secretKeyRef.name',
      'ConfigMap c? at spec.config.env[2].valueFrom.configMapKeyRef.name',
      'Secret ca at spec.transport.tls.caBundleSecret.name',
      'ServiceAccount search at spec.runtime.security.serviceAccountName',
      'Secret registry at spec.source.containerImage.imagePullSecrets[0].name',
    ]);
    expect(references.map(({ usage }) => usage)).toEqual([
      'storage',
      'storage',
      'env-from',
      'env-from',
      'env',
      'env',
      'tls-ca',
      'service-account',
      'image-pull',
    ]);
    expect(references.filter((reference) => !isConfiguration(reference)).map(({ usage }) => usage)).toEqual([
      'service-account',
      'image-pull',
    ]);
  });

  it('names the keys of variables and of mounted files, each at its place', () => {
    const references = referencesIn({
      config: {
        env: [{ name: 'URL', valueFrom: { configMapKeyRef: { name: 'c', key: 'url' } } }],
        envFrom: [{ configMapRef: { name: 'all' } }],
        storage: [
          {
            path: '/c',
            source: { type: 'ConfigMap', configMap: { name: 'c', items: [{ key: 'a', path: 'a' }] } },
          },
          {
            path: '/s',
            source: {
              type: 'Secret',
              secret: {
                secretName: 's',
                items: [
                  { key: 'b', path: 'b' },
                  { key: 'c', path: 'd' },
                ],
              },
            },
          },
        ],
      },
    });
    expect(references.flatMap(({ keys }) => keys.map(({ key, path }) => `${key} at ${renderPath(path)}`))).toEqual([
      'a at spec.config.storage[0].source.configMap.items[0].key',
      'b at spec.config.storage[1].source.secret.items[0].key',
      'c at spec.config.storage[1].source.secret.items[1].key',
      'url at spec.config.env[0].valueFrom.configMapKeyRef.key',
    ]);
  });

  it('lists claims and classes, which hold no server back and restart no pod', () => {
    const references = referencesIn({
      extensions: {
        storage: [
          { claimName: 'index', path: '/index' },
          { claimName: 'models', path: '/models' },
        ],
        scheduling: { priorityClassName: 'business-hours', runtimeClassName: 'kata' },
      },
    });
    expect(references.map(inShort)).toEqual([
      'PersistentVolumeClaim index at spec.extensions.storage[0].claimName',
      'PersistentVolumeClaim models at spec.extensions.storage[1].claimName',
      'PriorityClass business-hours at spec.extensions.scheduling.priorityClassName',
      'RuntimeClass kata at spec.extensions.scheduling.runtimeClassName',
    ]);
    expect(references.filter(isConfiguration)).toEqual([]);
  });

  it.each(['system-cluster-critical', 'system-node-critical', 'system-other'])(
    'looks for no PriorityClass %p, of which it is known whether it exists',
    (priorityClassName) => {
      expect(referencesIn({ extensions: { scheduling: { priorityClassName } } })).toEqual([]);
    },
  );

  it.each(['', 'default'])('looks for no ServiceAccount named %p', (serviceAccountName) => {
    expect(referencesIn({ runtime: { security: { serviceAccountName } } })).toEqual([]);
  });

  it.each([
    ['is switched off', { enabled: false, caBundleSecret: { name: 'stale' } }],
    ['says nothing', { caBundleSecret: { name: 'stale' } }],
  ])('ignores the CA bundle when TLS %s', (_name, tls) => {
    expect(referencesIn({ transport: { tls } })).toEqual([]);
  });

  it.each([
    ['storage of a ConfigMap', { storage: [{ path: '/a', source: { type: 'ConfigMap', configMap: {} } }] }],
    ['storage of a Secret', { storage: [{ path: '/a', source: { type: 'Secret', secret: {} } }] }],
    ['storage without its member, which only CEL refuses', { storage: [{ path: '/a', source: { type: 'Secret' } }] }],
    ['envFrom', { envFrom: [{ secretRef: {} }] }],
    ['env', { env: [{ name: 'A', valueFrom: { configMapKeyRef: { key: 'k' } } }] }],
  ])('gives an empty name for %s that names nothing, so that somebody can say so', (_name, config) => {
    expect(referencesIn({ config }).map(({ name }) => name)).toEqual(['']);
  });

  it('lists both sources of one envFrom entry', () => {
    expect(
      referencesIn({ config: { envFrom: [{ configMapRef: { name: 'c' }, secretRef: { name: 's' } }] } }),
    ).toHaveLength(2);
  });
});
