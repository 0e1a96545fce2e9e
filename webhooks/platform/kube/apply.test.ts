import { expect, it } from '@jest/globals';

import type { ApiRequest, KubeApi } from './api.ts';
import { applyObject, applyStatus } from './apply.ts';

const object = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'search', namespace: 'mcp' } };

it('asks for no second look at an apply, which the API server would parse twice for', async () => {
  const sent: ApiRequest[] = [];
  const api: Pick<KubeApi, 'request'> = {
    request: (request) => {
      sent.push(request);
      return Promise.resolve({ ok: true, body: undefined });
    },
  };
  const to = { ...api, watch: () => Promise.resolve({ why: 'aborted' as const }) };
  await applyObject(to, { object, plural: 'services', fieldManager: 'us', expected: 'nothing' });
  await applyStatus(to, { ...object, ...object.metadata, plural: 'mcpservers', uid: 'u', status: {} });
  expect(sent.map(({ query }) => query?.['fieldValidation'])).toEqual(['Ignore', 'Ignore']);
});
