import { expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import type { ApiError, ApiResult, KubeApi, WatchEnd } from './api.ts';
import { countRequests } from './count-requests.ts';

const failed = (status: number): { readonly ok: false; readonly error: ApiError } => ({
  ok: false,
  error: { status, reason: 'Whatever', message: 'GET pods: no', retry: true },
});

function start(result: ApiResult, end: WatchEnd = { why: 'closed' }) {
  const registry = new Registry();
  const api: KubeApi = { request: () => Promise.resolve(result), watch: () => Promise.resolve(end) };
  const lines = async (): Promise<readonly string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith('mcp_lifecycle_api_requests_total{'));
  return { api: countRequests(api, registry), lines };
}

it.each([
  [{ ok: true, body: {} } as const, 'ok'],
  [failed(0), 'unanswered'],
  [failed(404), 'refused'],
  [failed(409), 'conflict'],
  [failed(429), 'throttled'],
  [failed(503), 'failed'],
])('counts %j as %s, and hands it on', async (result, label) => {
  const { api, lines } = start(result);
  expect(await api.request({ method: 'PATCH', path: '/api/v1/pods' })).toBe(result);
  await api.request({ method: 'PATCH', path: '/api/v1/pods' });
  expect(await lines()).toEqual([`mcp_lifecycle_api_requests_total{method="PATCH",result="${label}"} 2`]);
});

it('counts a watch when it ends', async () => {
  const watch = { path: '/api/v1/pods', idleTimeoutMs: 1, signal: new AbortController().signal };
  const closed = start({ ok: true, body: {} });
  await closed.api.watch(watch, () => undefined);
  expect(await closed.lines()).toEqual(['mcp_lifecycle_api_requests_total{method="WATCH",result="ok"} 1']);
  const broken = start({ ok: true, body: {} }, { why: 'failed', error: failed(500).error });
  await broken.api.watch(watch, () => undefined);
  expect(await broken.lines()).toEqual(['mcp_lifecycle_api_requests_total{method="WATCH",result="failed"} 1']);
});
