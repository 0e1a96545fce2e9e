import { describe, expect, it } from '@jest/globals';
import type { ApiRequest, KubeApi } from './api.ts';
import { listObjects } from './list-objects.ts';
import { createFakeKubeApi } from './testing/fake-kube-api.ts';

const path = '/api/v1/configmaps';

function apiWith(count: number, answer: (request: ApiRequest) => 'too-large' | undefined = () => undefined) {
  const api = createFakeKubeApi();
  for (let index = 0; index < count; index++) {
    api.put(`/api/v1/namespaces/tools/configmaps/c-${index}`, { metadata: { namespace: 'tools', name: `c-${index}` } });
  }
  const limits: number[] = [];
  const recorded: KubeApi = {
    ...api,
    request: (request) => {
      limits.push(Number(request.query?.['limit']));
      const error = { status: 0, reason: 'TooLarge', message: 'the answer is too long', retry: false };
      return answer(request) === undefined ? api.request(request) : Promise.resolve({ ok: false, error });
    },
  };
  return { api: recorded, limits };
}

async function listAll(api: KubeApi, most = Infinity) {
  const objects: unknown[] = [];
  const onObject = (object: unknown): boolean => objects.push(object) < most;
  const error = await listObjects(api, { path, onObject });
  return { count: objects.length, distinct: new Set(objects.map((one) => JSON.stringify(one))).size, error };
}

describe('listObjects', () => {
  it('hands on every object of every page once', async () => {
    const { api, limits } = apiWith(120);
    expect(await listAll(api)).toEqual({ count: 120, distinct: 120, error: undefined });
    expect(limits).toEqual([50, 50, 50]);
  });

  it('reads long objects in smaller pages, and grows again', async () => {
    const { api, limits } = apiWith(60, ({ query }) =>
      Number(query?.['limit']) > 20 && query?.['continue'] === undefined ? 'too-large' : undefined,
    );
    expect(await listAll(api)).toEqual({ count: 60, distinct: 60, error: undefined });
    expect(limits).toEqual([50, 25, 13, 26, 50]);
  });

  it('gives up when one object alone is too long, with what came before', async () => {
    const { api, limits } = apiWith(60, ({ query }) => (query?.['continue'] === undefined ? undefined : 'too-large'));
    expect(await listAll(api)).toMatchObject({ count: 50, error: { reason: 'TooLarge' } });
    expect(limits).toEqual([50, 50, 25, 13, 7, 4, 2, 1]);
  });

  it('asks no more when no more is wanted', async () => {
    const { api, limits } = apiWith(120);
    expect(await listAll(api, 10)).toMatchObject({ count: 10, error: undefined });
    expect(limits).toHaveLength(1);
  });
});
