import { describe, expect, it } from '@jest/globals';
import { fenceWrites, NOT_LEADING } from './fence.ts';
import { createFakeKubeApi } from './testing/fake-kube-api.ts';

const path = '/api/v1/namespaces/mcp/configmaps';
const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'mcp' } };

describe('a fenced API', () => {
  it('writes while the term lasts', async () => {
    const api = createFakeKubeApi();
    expect(await fenceWrites(api, () => true).request({ method: 'POST', path, body })).toMatchObject({ ok: true });
    expect(api.writes).toHaveLength(1);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)('sends no %s after it', async (method) => {
    const api = createFakeKubeApi();
    const result = await fenceWrites(api, () => false).request({ method, path: `${path}/a`, body });
    expect(result).toMatchObject({ ok: false, error: { reason: NOT_LEADING, retry: true } });
    expect(api.writes).toEqual([]);
  });

  it('reads in any case', async () => {
    const api = createFakeKubeApi();
    api.put(`${path}/a`, body);
    expect(await fenceWrites(api, () => false).request({ method: 'GET', path: `${path}/a` })).toMatchObject({
      ok: true,
    });
  });
});
