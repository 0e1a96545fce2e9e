import { describe, expect, it } from '@jest/globals';
import { mcpServerRegistration } from '../../core/resources/mcp-server-registration.ts';
import { expandedKinds } from '../../core/resources/index.gen.ts';
import { isOptional } from '../../core/resources/optional-kind.ts';
import type { ApiRequest, KubeApi, WatchEvent, WatchRequest } from './api.ts';
import { withServedVersions } from './served-versions.ts';

const ours = 'mcp.kuadrant.io/v1';
const older = 'mcp.kuadrant.io/v1alpha1';

/** What is asked of it, and an answer for everything. */
function recording(object: unknown): { readonly api: KubeApi; readonly asked: (ApiRequest | WatchRequest)[] } {
  const asked: (ApiRequest | WatchRequest)[] = [];
  const api: KubeApi = {
    request: (request) => {
      asked.push(request);
      return Promise.resolve({ ok: true, body: object });
    },
    watch: (request, onEvent) => {
      asked.push(request);
      onEvent({ type: 'ADDED', object });
      return Promise.resolve({ why: 'closed' });
    },
  };
  return { api, asked };
}

const kinds = expandedKinds.filter(isOptional);
const entry = (apiVersion: string) => ({ manager: 'mcp-lifecycle', operation: 'Apply', apiVersion });
const registration = (apiVersion: string) => ({
  ...{ apiVersion, kind: 'MCPServerRegistration' },
  metadata: { name: 'a', managedFields: [entry(apiVersion), entry('other/v1')] },
});

describe('an API server that has only an older version of a kind', () => {
  it('is asked there, is sent that version, and answers as if in ours', async () => {
    const { api, asked } = recording(registration(older));
    const speaking = withServedVersions(api, kinds, () => older);
    const path = `/apis/${ours}/namespaces/mcp/mcpserverregistrations/a`;
    const answer = await speaking.request({ method: 'PATCH', path, body: registration(ours) });
    expect(asked).toMatchObject([
      { path: `/apis/${older}/namespaces/mcp/mcpserverregistrations/a`, body: { apiVersion: older } },
    ]);
    expect(answer).toEqual({ ok: true, body: registration(ours) });
  });

  it('lists and watches there, and its objects say our version', async () => {
    const item = { metadata: registration(older).metadata };
    const { api, asked } = recording({ kind: 'List', apiVersion: older, items: [item] });
    const speaking = withServedVersions(api, kinds, () => older);
    const path = `/apis/${ours}/mcpserverregistrations`;
    const list = await speaking.request({ method: 'GET', path });
    expect(list).toMatchObject({ body: { items: [{ metadata: registration(ours).metadata }] } });

    const seen: WatchEvent[] = [];
    const watched = withServedVersions(recording(registration(older)).api, kinds, () => older);
    const { signal } = new AbortController();
    await watched.watch({ path, idleTimeoutMs: 1, signal }, (event) => seen.push(event));
    expect(seen).toEqual([{ type: 'ADDED', object: registration(ours) }]);
    expect(asked).toMatchObject([{ path: `/apis/${older}/mcpserverregistrations` }]);
  });
});

describe('an API server that has our version', () => {
  it('is asked there, and what was written in an older version is as if in ours', async () => {
    const { api, asked } = recording({ ...registration(older), apiVersion: ours });
    const speaking = withServedVersions(api, kinds, () => ours);
    const path = `/apis/${ours}/namespaces/mcp/mcpserverregistrations/a`;
    expect(await speaking.request({ method: 'GET', path })).toEqual({ ok: true, body: registration(ours) });
    expect(asked).toMatchObject([{ path }]);
  });

  it('is asked for other kinds as ever, and for the list of a version', async () => {
    const { api, asked } = recording(registration(older));
    const speaking = withServedVersions(api, kinds, () => older);
    for (const path of ['/api/v1/pods', `/apis/${ours}`, '/apis/mcp.kuadrant.io/v2/mcpserverregistrations'])
      expect(await speaking.request({ method: 'GET', path })).toEqual({ ok: true, body: registration(older) });
    expect(asked.map(({ path }) => path)).toEqual([
      '/api/v1/pods',
      `/apis/${ours}`,
      '/apis/mcp.kuadrant.io/v2/mcpserverregistrations',
    ]);
    expect(mcpServerRegistration.apiVersion).toBe(ours);
  });
});
