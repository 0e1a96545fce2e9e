import { createHash } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import { issueAuthority } from '../tls/certificates.ts';
import { metaOf } from './object.ts';
import { gatherReferences } from './references.ts';
import type { GatheredReferences, ReferencedObject } from './references.ts';
import { createFakeKubeApi } from './testing/fake-kube-api.ts';
import type { FakeKubeApi } from './testing/fake-kube-api.ts';

const configMap = (name: string): ReferencedObject => ({ kind: 'ConfigMap', name });
const secret = (name: string): ReferencedObject => ({ kind: 'Secret', name });

function cluster(): FakeKubeApi {
  const api = createFakeKubeApi();
  const metadata = (name: string) => ({ name, namespace: 'mcp' });
  api.put('/api/v1/namespaces/mcp/configmaps/b', { metadata: metadata('b'), data: { z: '1', a: '2' } });
  api.put('/api/v1/namespaces/mcp/configmaps/a', { metadata: metadata('a'), binaryData: { bin: 'AQI=' } });
  api.put('/api/v1/namespaces/mcp/secrets/token', { metadata: metadata('token'), data: { key: 'aHVudGVyMg==' } });
  return api;
}

function gather(api: FakeKubeApi, ...references: ReferencedObject[]): Promise<GatheredReferences> {
  return gatherReferences(api, { namespace: 'mcp', references, deadlineMs: 60_000 });
}

/** As one parsed object at a time was hashed until 0.1: what pods carry in their template. */
function hashOf(kind: string, name: string, data: Json = {}, binaryData: Json = {}): string {
  const hash = createHash('sha256');
  const add = (map: Json, encoding: BufferEncoding): void => {
    for (const key of Object.keys(map).sort()) {
      hash
        .update(`${kind}/${name}/${key}=`)
        .update(Buffer.from(map[key] ?? '', encoding))
        .update('\0');
    }
  };
  add(data, kind === 'secret' ? 'base64' : 'utf8');
  add(binaryData, 'base64');
  return hash.digest('hex');
}

type Json = Readonly<Record<string, string>>;

describe('gatherReferences', () => {
  it('asks for no name that no object can have, and which may have been stored before a rule: it is missing', async () => {
    const api = cluster();
    const paths: string[] = [];
    const request: FakeKubeApi['request'] = (of) => (paths.push(of.path), api.request(of));
    const names = ['..', '.', 'A/B', '%2e%2e', 'a b'];
    const references = names.map(configMap);
    const { facts } = await gatherReferences({ ...api, request }, { namespace: 'mcp', references, deadlineMs: 1_000 });
    expect(names.map((name) => facts.lookUp('ConfigMap', name))).toEqual(names.map(() => ({ state: 'missing' })));
    expect(paths).toEqual([]);
  });

  it('tells the keys of what exists and that the rest is missing', async () => {
    const { facts } = await gather(cluster(), configMap('b'), configMap('none'), secret('token'));
    expect(facts.lookUp('ConfigMap', 'b')).toEqual({ state: 'found', keys: new Set(['a', 'z']) });
    expect(facts.lookUp('ConfigMap', 'none')).toEqual({ state: 'missing' });
    expect(facts.lookUp('Secret', 'token')).toEqual({ state: 'found', keys: new Set() });
    expect(facts.lookUp('Secret', 'other')).toEqual({ state: 'unknown', reason: 'not looked up' });
  });

  it('tells the access modes of a claim, and looks for classes in no namespace', async () => {
    const api = createFakeKubeApi();
    api.put('/api/v1/namespaces/mcp/persistentvolumeclaims/index', {
      metadata: { name: 'index', namespace: 'mcp' },
      spec: { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'], volumeName: 'pv-1' },
    });
    api.put('/apis/node.k8s.io/v1/runtimeclasses/kata', { metadata: { name: 'kata' }, handler: 'kata' });
    const { facts, configHash, versions } = await gather(
      api,
      { kind: 'PersistentVolumeClaim', name: 'index' },
      { kind: 'PersistentVolumeClaim', name: 'other' },
      { kind: 'RuntimeClass', name: 'kata' },
      { kind: 'PriorityClass', name: 'business-hours' },
    );
    expect(facts.lookUp('PersistentVolumeClaim', 'index')).toEqual({
      ...{ state: 'found', keys: new Set() },
      accessModes: ['ReadWriteOnce', 'ReadOnlyMany'],
    });
    expect(facts.lookUp('PersistentVolumeClaim', 'other')).toEqual({ state: 'missing' });
    expect(facts.lookUp('RuntimeClass', 'kata')).toEqual({ state: 'found', keys: new Set() });
    expect(facts.lookUp('PriorityClass', 'business-hours')).toEqual({ state: 'missing' });
    expect(api.reads).toContain('GET /apis/scheduling.k8s.io/v1/priorityclasses/business-hours');
    // None of them has data.
    expect(configHash).toBeUndefined();
    expect(versions.size).toBe(4);
  });

  it('knows nothing of a class that may not be read, as where a Role is all that there is', async () => {
    const api = createFakeKubeApi();
    api.answer(({ path }) => path.includes('runtimeclasses'), 403);
    const { facts } = await gather(api, { kind: 'RuntimeClass', name: 'kata' });
    expect(facts.lookUp('RuntimeClass', 'kata')).toEqual({
      ...{ state: 'unknown', cause: 'Forbidden' },
      reason: 'we are not allowed to read it',
    });
  });

  it('hashes ConfigMaps by name, then Secrets, keys sorted, values as the pod sees them', async () => {
    const { configHash } = await gather(cluster(), secret('token'), configMap('b'), configMap('a'), configMap('none'));
    const expected = createHash('sha256')
      .update('configmap/a/bin=\u0001\u0002\0configmap/b/a=2\0configmap/b/z=1\0secret/token/key=hunter2\0')
      .digest('hex');
    expect(configHash).toBe(expected);
  });

  it.each<[string, string, Json, Json]>([
    ['nothing', 'configmap', {}, {}],
    ['odd texts', 'configmap', { a: '', 'a-b': '\u0000\n"\\\\"', 'a.b': 'ä\u2028😀', a_b: '{"data":{"z":"y"}}' }, {}],
    ['both maps', 'configmap', { b: '1', d: '2' }, { a: 'AQI=', c: '' }],
    ['a Secret', 'secret', { A: 'aHVudGVyMg==', a: '', b: 'w6Q=' }, {}],
    ['long values', 'configmap', { a: 'x'.repeat(50_000), b: 'y'.repeat(8_191) }, {}],
    [
      'a large object',
      'configmap',
      { a: 'x'.repeat(9_000), b: 'ä'.repeat(300_000), c: 'z' },
      { a: 'AQID'.repeat(9_000) },
    ],
    ['a large Secret', 'secret', Object.fromEntries(Array.from({ length: 9_000 }, (_, at) => [`k${at}`, 'QQ=='])), {}],
  ])('hashes %s as ever, so that no upgrade restarts a pod', async (_, kind, data, binaryData) => {
    const api = createFakeKubeApi();
    api.put(`/api/v1/namespaces/mcp/${kind}s/it`, { metadata: { name: 'it', namespace: 'mcp' }, data, binaryData });
    const { configHash } = await gather(api, kind === 'secret' ? secret('it') : configMap('it'));
    expect(configHash).toBe(hashOf(kind, 'it', data, binaryData));
  });

  it('keeps of 40,000 key names those that are asked for, and what a message can show', async () => {
    const api = createFakeKubeApi();
    const data = Object.fromEntries(Array.from({ length: 40_000 }, (_, at) => [`k${at}`, '']));
    const metadata = { name: 'many', namespace: 'mcp' };
    api.put('/api/v1/namespaces/mcp/configmaps/many', { metadata, data });
    api.put('/api/v1/namespaces/mcp/secrets/many', { metadata, data });
    const asked = { name: 'many', keys: [{ key: 'k39999' }, { key: 'none' }] };
    const first = ['k0', 'k1', 'k10', 'k100', 'k1000', 'k10000'];
    const { facts } = await gather(
      api,
      { kind: 'ConfigMap', ...asked },
      { kind: 'ConfigMap', name: 'many', keys: [{ key: 'k7' }] },
      { kind: 'Secret', ...asked },
    );
    expect(facts.lookUp('ConfigMap', 'many')).toEqual({ state: 'found', keys: new Set(['k39999', 'k7', ...first]) });
    expect(facts.lookUp('Secret', 'many')).toEqual({ state: 'found', keys: new Set(['k39999']) });
  });

  it('says of what is larger than 4 MiB that it was not checked, and waits for its next version', async () => {
    const api = cluster();
    const path = '/api/v1/namespaces/mcp/configmaps/large';
    api.put(path, { metadata: { name: 'large', namespace: 'mcp' }, data: { a: 'x'.repeat(5_000_000) } });
    const gathered = await gather(api, configMap('large'), configMap('b'));
    expect(gathered.facts.lookUp('ConfigMap', 'large')).toEqual({
      state: 'unknown',
      reason: 'it is larger than 4 MiB',
      cause: 'TooLarge',
    });
    expect(gathered.facts.lookUp('ConfigMap', 'b')).toMatchObject({ state: 'found' });
    expect(gathered).not.toHaveProperty('configHash');
    expect(gathered).not.toHaveProperty('transient');
    expect(gathered.versions.get('ConfigMap/large')).toBe(metaOf(api.get(path)).resourceVersion);
  });

  it('takes no half of an object for the whole, nor keys in another order', async () => {
    const api = cluster();
    const answering = (text: string): FakeKubeApi => ({
      ...api,
      request: ({ onChunk }) => {
        onChunk?.(Buffer.from(text));
        return Promise.resolve({ ok: true, body: undefined });
      },
    });
    for (const [text, reason] of [
      ['{"data":{"a":"1"}', 'the answer is not JSON'],
      ['{"data":{"b":"1","a":"2"}}', 'its keys do not come in order'],
      ['{"binaryData":{"b":"AQI="},"data":{"a":"2"}}', 'its keys do not come in order'],
    ] as const) {
      const gathered = await gather(answering(text), configMap('a'));
      expect(gathered.facts.lookUp('ConfigMap', 'a')).toEqual({ state: 'unknown', reason, cause: 'BadAnswer' });
      expect(gathered).toMatchObject({ transient: { reason: 'BadAnswer' } });
      expect(gathered).not.toHaveProperty('configHash');
    }
  });

  it('has no hash when nothing was found', async () => {
    expect(await gather(cluster(), configMap('none'))).not.toHaveProperty('configHash');
  });

  it('finds a ServiceAccount, which is no part of the hash', async () => {
    const api = cluster();
    api.put('/api/v1/namespaces/mcp/serviceaccounts/search', { metadata: { name: 'search', namespace: 'mcp' } });
    const gathered = await gather(api, { kind: 'ServiceAccount', name: 'search' });
    expect(gathered.facts.lookUp('ServiceAccount', 'search')).toEqual({ state: 'found', keys: new Set() });
    expect(gathered).not.toHaveProperty('configHash');
  });

  it('reads no more objects than it may, and says so of the others', async () => {
    const api = cluster();
    const references = [configMap('a'), configMap('a'), configMap('b'), secret('token')];
    const { facts } = await gatherReferences(api, { namespace: 'mcp', references, deadlineMs: 60_000, maxReads: 2 });
    expect(api.reads).toHaveLength(2);
    expect(facts.lookUp('ConfigMap', 'b')).toMatchObject({ state: 'found' });
    expect(facts.lookUp('Secret', 'token')).toEqual({ state: 'unknown', reason: 'only 2 objects are looked up' });
  });

  it('reads each object once, and nothing without a name', async () => {
    const api = cluster();
    await gather(api, configMap('a'), configMap('a'), configMap(''));
    expect(api.reads).toEqual(['GET /api/v1/namespaces/mcp/configmaps/a']);
  });

  it.each([
    [403, 'we are not allowed to read it', 'Forbidden'],
    [503, 'the API server answered 503', 'HTTP503'],
  ])('says unknown, transient and no hash for HTTP %d', async (status, reason, cause) => {
    const api = cluster();
    api.answer(({ path }) => path.includes('/secrets/'), status);
    const gathered = await gather(api, configMap('a'), secret('token'));
    expect(gathered.facts.lookUp('Secret', 'token')).toEqual({ state: 'unknown', reason, cause });
    expect(gathered.transient).toMatchObject({ status });
    expect(gathered).not.toHaveProperty('configHash');
  });

  it('takes no word of an API server for one of ours', async () => {
    const error = { status: 500, reason: 'constructor', message: '', retry: true };
    const api: FakeKubeApi = { ...cluster(), request: () => Promise.resolve({ ok: false, error }) };
    const { facts } = await gather(api, configMap('a'));
    expect(facts.lookUp('ConfigMap', 'a')).toMatchObject({ state: 'unknown', cause: 'HTTP500' });
  });

  it('says unknown for what did not answer in time', async () => {
    const api = cluster();
    const slow: FakeKubeApi = {
      ...api,
      request: ({ signal }) =>
        new Promise((resolve) => {
          signal?.addEventListener('abort', () => {
            resolve({ ok: false, error: { status: 0, reason: 'Aborted', message: 'given up', retry: true } });
          });
        }),
    };
    const { facts } = await gatherReferences(slow, { namespace: 'mcp', references: [configMap('a')], deadlineMs: 20 });
    expect(facts.lookUp('ConfigMap', 'a')).toEqual({
      state: 'unknown',
      reason: 'the API server did not answer in time',
      cause: 'Timeout',
    });
  });

  it('lets no value out', async () => {
    const gathered = await gather(cluster(), secret('token'), configMap('b'));
    const seen = JSON.stringify({
      ...gathered,
      state: [...gathered.versions],
      keys: gathered.facts.lookUp('Secret', 'token'),
    });
    expect(seen).not.toContain('hunter2');
    expect(seen).not.toContain('aHVudGVyMg');
  });

  it('gives the certificates of the Secret that is used as CA bundle, and nothing else of it', async () => {
    const { certificate, privateKey } = await issueAuthority(new Date());
    const api = cluster();
    const encoded = (text: string): string => Buffer.from(text).toString('base64');
    api.put('/api/v1/namespaces/mcp/secrets/ca', {
      metadata: { name: 'ca', namespace: 'mcp' },
      data: { 'ca.crt': encoded(privateKey + certificate), 'tls.key': encoded(privateKey) },
    });
    const asCa = await gather(api, secret('ca'), { ...secret('ca'), usage: 'tls-ca' });
    expect(asCa.caBundle?.certificates).toEqual([certificate.trim()]);
    expect(asCa.facts.lookUp('Secret', 'ca')).toMatchObject({ state: 'found', caBundle: 'usable' });
    expect(await gather(api, { ...secret('ca'), usage: 'env' })).not.toHaveProperty('caBundle');
    const none = await gather(cluster(), { ...secret('token'), usage: 'tls-ca' });
    expect(none).not.toHaveProperty('caBundle');
    expect(none.facts.lookUp('Secret', 'token')).toMatchObject({ caBundle: 'none' });
  });
});
