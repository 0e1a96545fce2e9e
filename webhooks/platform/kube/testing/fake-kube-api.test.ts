import { describe, expect, it } from '@jest/globals';
import { createFakeKubeApi } from './fake-kube-api.ts';

const path = '/api/v1/namespaces/mcp/configmaps/settings';

describe('a merge patch', () => {
  const patch = (target: string, body: unknown) =>
    createdWith({ a: '1', b: '2' }).request({
      method: 'PATCH',
      path: target,
      contentType: 'application/merge-patch+json',
      body,
    });

  function createdWith(data: object) {
    const api = createFakeKubeApi();
    api.put(path, {
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace: 'mcp', uid: 'u' },
      data,
      list: [1, 2],
    });
    return api;
  }

  it('removes what is null, replaces lists, and leaves the rest', async () => {
    expect(await patch(path, { data: { a: null, c: '3' }, list: [3] })).toMatchObject({
      ok: true,
      body: { kind: 'ConfigMap', data: { b: '2', c: '3' }, list: [3] },
    });
  });

  it('creates nothing', async () => {
    expect(await patch(`${path}-2`, { data: {} })).toMatchObject({ ok: false, error: { status: 404 } });
  });

  it.each([{ uid: 'other' }, { resourceVersion: '1' }])('is refused for another object or version: %j', async (of) => {
    expect(await patch(path, { metadata: of, data: {} })).toMatchObject({ ok: false, error: { status: 409 } });
  });
});

it('refuses a patch of a kind that it does not know', async () => {
  const api = createFakeKubeApi();
  api.put(path, { metadata: { name: 'settings', namespace: 'mcp' } });
  expect(await api.request({ method: 'PATCH', path, body: {} })).toMatchObject({ ok: false, error: { status: 415 } });
});
