import { describe, expect, it } from '@jest/globals';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import type { Reference } from './references.ts';
import { referencesOf } from './references.ts';
import { renderPath } from './violation.ts';

const referencesIn = (spec: Readonly<Record<string, unknown>>): readonly Reference[] =>
  referencesOf(anMCPServer(withRawSpec(spec)));
const inShort = ({ kind, name, key, isOptional, path }: Reference): string =>
  `${kind} ${name}${key === undefined ? '' : `/${key}`}${isOptional ? '?' : ''} at ${renderPath(path)}`;

describe('referencesOf', () => {
  it('finds nothing in a server that names nothing', () => {
    expect(referencesIn({})).toEqual([]);
  });

  it('lists storage, envFrom, env and the CA bundle in this order', () => {
    const references = referencesIn({
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
      'Secret s/token at spec.config.env[1].valueFrom.secretKeyRef.name',
      'ConfigMap c/url? at spec.config.env[2].valueFrom.configMapKeyRef.name',
      'Secret ca/ca.crt at spec.transport.tls.caBundleSecret.name',
    ]);
    expect(references.map(({ usage }) => usage)).toEqual([
      'storage',
      'storage',
      'env-from',
      'env-from',
      'env',
      'env',
      'tls-ca',
    ]);
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
