import { describe, expect, it } from '@jest/globals';

import type { ApiRequest, ApiResult } from '../platform/kube/api.ts';
import { errorFromAnswer } from '../platform/kube/api-error.ts';
import type { ReferencedObject } from '../platform/kube/references.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { issueAuthority } from '../platform/tls/certificates.ts';
import { ReferenceTracker } from './reference-tracker.ts';
import { runAsReconciler } from './testing/run-as-reconciler.ts';

const path = '/api/v1/namespaces/mcp/secrets/token';
const { signal } = new AbortController();
const moduleUrl = (module: string): string => JSON.stringify(new URL(module, import.meta.url).href);

function world(data: Record<string, string>) {
  const api = createFakeKubeApi();
  api.put(path, { metadata: { name: 'token', namespace: 'mcp' }, data });
  const tracker = new ReferenceTracker(() => undefined);
  tracker.markWatched('Secret', undefined);
  const gather = (...keys: string[]) =>
    tracker.gather('mcp/search', [{ kind: 'Secret', name: 'token', keys: keys.map((key) => ({ key })) }], {
      api,
      signal,
    });
  return { api, tracker, gather };
}

describe('ReferenceTracker', () => {
  it('reads an object again when another key of it is asked for, and only then', async () => {
    const { api, gather } = world({ a: '', b: '' });
    await gather('a');
    expect(api.reads).toHaveLength(1);
    await gather('a');
    expect(api.reads).toHaveLength(1);
    const { facts } = await gather('b', 'c');
    expect(facts.lookUp('Secret', 'token')).toEqual({ state: 'found', keys: new Set(['b']) });
    expect(api.reads).toHaveLength(2);
  });

  it('reads an object that is too large once for each version', async () => {
    const { api, tracker, gather } = world({ a: 'x'.repeat(5_000_000) });
    for (let round = 0; round < 3; round += 1) {
      const { facts } = await gather();
      expect(facts.lookUp('Secret', 'token')).toMatchObject({ state: 'unknown' });
    }
    // Broken off at 64 KiB, then read in its turn.
    expect(api.reads).toHaveLength(2);
    expect(tracker.noteExisting('Secret', api.get(path))).toEqual([]);
    api.put(path, { data: { a: 'eA==' } });
    expect(tracker.noteExisting('Secret', api.get(path))).toEqual(['mcp/search']);
    const { facts } = await gather();
    expect(facts.lookUp('Secret', 'token')).toMatchObject({ state: 'found' });
  });
});

describe('a ConfigMap of a gateway that several servers name', () => {
  const edge = '/api/v1/namespaces/mcp/configmaps/edge';

  function start(usage?: string) {
    const api = createFakeKubeApi();
    const put = (name: string): void => {
      api.put(edge, { metadata: { name: 'edge', namespace: 'mcp' }, data: { 'gateway-name': name } });
    };
    put('public');
    const tracker = new ReferenceTracker(() => undefined);
    tracker.markWatched('ConfigMap', undefined);
    const gather = async (server: string): Promise<string | undefined> => {
      const reference = { kind: 'ConfigMap', name: 'edge', ...(usage === undefined ? {} : { usage }) } as const;
      const { facts } = await tracker.gather(`mcp/${server}`, [reference], { api, signal });
      const state = facts.lookUp('ConfigMap', 'edge');
      return state.state === 'found' ? state.settings?.get('gateway-name') : undefined;
    };
    return { api, put, tracker, gather };
  }

  it('is read for the first of them, and again once it has changed', async () => {
    const { api, put, tracker, gather } = start('gateway');
    expect([await gather('a'), await gather('b')]).toEqual(['public', 'public']);
    expect(api.reads).toHaveLength(1);
    put('other');
    expect(tracker.noteExisting('ConfigMap', api.get(edge))).toEqual(['mcp/a', 'mcp/b']);
    expect([await gather('b'), await gather('a')]).toEqual(['other', 'other']);
    expect(api.reads).toHaveLength(2);
    expect(tracker.noteExisting('ConfigMap', api.get(edge))).toEqual([]);
  });

  it('is read anew for whoever comes when the one that it was read for is gone', async () => {
    const { api, tracker, gather } = start('gateway');
    await gather('a');
    tracker.forget('mcp/a');
    await gather('b');
    await gather('c');
    expect(api.reads).toHaveLength(2);
  });

  it('is read for each of them where pods use it', async () => {
    const { api, gather } = start();
    await gather('a');
    await gather('b');
    expect(api.reads).toHaveLength(2);
  });

  it('is read for each of them while it is missing', async () => {
    const { api, gather } = start('gateway');
    api.remove(edge);
    expect([await gather('a'), await gather('b')]).toEqual([undefined, undefined]);
    expect(api.reads).toHaveLength(2);
  });

  it('is read for each of them while nobody tells of its changes', async () => {
    const { api } = start('gateway');
    const tracker = new ReferenceTracker(() => undefined);
    const reference = { kind: 'ConfigMap', name: 'edge', usage: 'gateway' } as const;
    for (const key of ['mcp/a', 'mcp/b']) await tracker.gather(key, [reference], { api, signal });
    expect(api.reads).toHaveLength(2);
  });
});

describe('a server whose references there is no room to remember', () => {
  const nothing = { request: notFound, watch: () => Promise.reject(new Error('not watched')) };
  const many = Array.from({ length: 1_250 }, (_, at) => ({
    kind: 'Secret' as const,
    name: `missing-${at}-`.padEnd(253, 'x'),
  }));
  let reads = 0;

  function notFound({ method, path: at }: ApiRequest): Promise<ApiResult> {
    reads += 1;
    return Promise.resolve({
      ok: false,
      error: errorFromAnswer({ request: `${method} ${at}`, status: 404, body: {} }),
    });
  }

  it('is read in each round, wakes for what it names and nothing else, and leaves the room of others alone', async () => {
    const tracker = new ReferenceTracker(() => undefined);
    tracker.markWatched('Secret', undefined);
    const gather = (key: string, references: readonly ReferencedObject[]) =>
      tracker.gather(key, references, { api: nothing, signal });
    await gather('few/search', many.slice(0, 2));
    await gather('many/search', many);
    reads = 0;
    await gather('few/search', many.slice(0, 2));
    expect(reads).toBe(0);
    const { facts } = await gather('many/search', many);
    expect(reads).toBe(1_250);
    expect(facts.lookUp('Secret', many[7]?.name ?? '')).toEqual({ state: 'missing' });
    const created = (namespace: string, name: string) => ({ metadata: { namespace, name, resourceVersion: '7' } });
    expect(tracker.noteExisting('Secret', created('many', many[1_249]?.name ?? ''))).toEqual(['many/search']);
    expect(tracker.noteExisting('ConfigMap', created('many', many[3]?.name ?? ''))).toEqual([]);
    expect(tracker.noteExisting('Secret', created('many', 'another'))).toEqual([]);
    expect(tracker.noteExisting('Secret', created('others', many[0]?.name ?? ''))).toEqual([]);
    // What went missing while the watch was broken cannot be told apart.
    expect(tracker.noteOnly('Secret', new Set())).toEqual(['many/search']);
  });

  it('ends no reconciler with the heap that the chart gives it, as sixty of 390 KB did', async () => {
    const program = `
import { ReferenceTracker } from ${moduleUrl('reference-tracker.ts')};
      const tracker = new ReferenceTracker(() => undefined);
      tracker.markWatched('Secret', undefined);
      const error = { status: 404, reason: 'NotFound', message: 'not found', retry: false };
      const api = { request: () => Promise.resolve({ ok: false, error }) };
      const { signal } = new AbortController();
      for (let server = 0; server < 60; server += 1) {
        const references = Array.from({ length: 1_250 }, (_, at) => ({
          kind: 'Secret', name: \`missing-\${server}-\${at}-\`.padEnd(253, 'x'),
        }));
        await tracker.gather('tenant/server-' + server, references, { api, signal });
      }
    `;
    expect(await runAsReconciler(program)).toBe('ended well');
  });
});

describe('CA bundles that all differ', () => {
  it.each([
    ['40 of 1 MB, which are too large', 1_000_000, 40],
    ['120 of 250 KB, which are not', 250_000, 120],
  ])('end no reconciler with the heap that the chart gives it: %s', async (_, bytes, count) => {
    const program = `
      import { rootCertificates } from 'node:tls';
      import { createFakeKubeApi } from ${moduleUrl('../platform/kube/testing/fake-kube-api.ts')};
import { ReferenceTracker } from ${moduleUrl('reference-tracker.ts')};
      const tracker = new ReferenceTracker(() => undefined);
      tracker.markWatched('Secret', undefined);
      const { signal } = new AbortController();
      const kept = [];
      for (let server = 0; server < ${count}; server += 1) {
        const filling = Buffer.from(String(server).padStart(1_000, 'x')).toString('base64');
        const block = \`-----BEGIN CERTIFICATE-----\\n\${filling}\\n-----END CERTIFICATE-----\\n\`;
        const text = rootCertificates[0] + '\\n' + block.repeat(Math.floor(${bytes - 10_000} / block.length));
        const api = createFakeKubeApi();
        const metadata = { name: 'ca', namespace: 'tenant' };
        api.put('/api/v1/namespaces/tenant/secrets/ca', { metadata, data: { 'ca.crt': Buffer.from(text).toString('base64') } });
        const references = [{ kind: 'Secret', name: 'ca', usage: 'tls-ca' }];
        // As the verification does.
        kept.push((await tracker.gather('tenant/server-' + server, references, { api, signal })).caBundle);
      }
      if (kept.length !== ${count}) throw new Error('not all were read');
    `;
    expect(await runAsReconciler(program)).toBe('ended well');
  });

  it('leave the room of another namespace alone, and are looked at again when one was missed', async () => {
    const { certificate } = await issueAuthority(new Date());
    const missed: string[] = [];
    const tracker = new ReferenceTracker((key) => missed.push(key));
    tracker.markWatched('Secret', undefined);
    const gather = async (namespace: string, server: number, filling: number) => {
      const api = createFakeKubeApi();
      const block = `-----BEGIN CERTIFICATE-----\n${String(server)}${'A'.repeat(filling)}\n-----END CERTIFICATE-----\n`;
      const data = { 'ca.crt': Buffer.from(certificate + block).toString('base64') };
      api.put(`/api/v1/namespaces/${namespace}/secrets/ca`, { metadata: { name: 'ca', namespace }, data });
      const references = [{ kind: 'Secret' as const, name: 'ca', usage: 'tls-ca' }];
      const known = await tracker.gather(`${namespace}/server-${server}`, references, { api, signal });
      return { bundle: known.caBundle?.get(), reads: api.reads.length };
    };
    expect((await gather('few', 0, 1_000)).bundle?.certificates).toHaveLength(2);
    const many = [];
    for (let server = 0; server < 20; server += 1) many.push((await gather('many', server, 200_000)).bundle);
    expect(many.filter((bundle) => bundle !== undefined)).toHaveLength(7);
    expect(missed).toContain('many/server-19');
    expect(await gather('few', 0, 1_000)).toMatchObject({ bundle: { certificates: { length: 2 } }, reads: 0 });
    for (let server = 0; server < 19; server += 1) tracker.forget(`many/server-${server}`);
    expect(await gather('many', 19, 200_000)).toMatchObject({ bundle: { certificates: { length: 2 } } });
  });
});
