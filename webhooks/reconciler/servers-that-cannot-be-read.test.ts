import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import { errorFromAnswer, errorWithoutAnswer } from '../platform/kube/api-error.ts';
import type { ApiRequest, KubeApi } from '../platform/kube/api.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';

const collection = '/apis/mcp.x-k8s.io/v1beta1/mcpservers';
const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const eventsPath = '/apis/events.k8s.io/v1/namespaces/mcp/events';
const defaultMaxBytes = 4 * 1024 * 1024;

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

/** A reconciler beside a server of which the text is not remembered; `refuses` says which of its reads fail. */
async function start(argument: string, refuses: () => boolean = () => false) {
  const clock = createFakeClock();
  const api = createFakeKubeApi();
  const bounded: KubeApi = {
    watch: (request, onEvent) => api.watch(request, onEvent),
    async request(request: ApiRequest) {
      const isRead = request.query?.['fieldSelector'] === 'metadata.name=search';
      if (isRead && refuses()) {
        const body = { message: 'etcdserver: too many requests' };
        return { ok: false, error: errorFromAnswer({ request: 'GET', status: 500, body }) };
      }
      const result = await api.request(request);
      if (!result.ok || request.method !== 'GET' || request.onChunk !== undefined) return result;
      const isTooLong = JSON.stringify(result.body).length > (request.maxBytes ?? defaultMaxBytes);
      return isTooLong
        ? { ok: false, error: errorWithoutAnswer(request.path, { reason: 'TooLarge', text: 'too large' }) }
        : result;
    },
  };
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
      config: { port: 8080, arguments: [argument] },
    },
  });
  const metrics = createReconcilerMetrics(new Registry());
  const probe = () => Promise.resolve({ state: 'failed', message: 'nobody there' } as const);
  running.push(startLead({ api: bounded, clock, version: '1', namespaces: [], metrics, probe }));
  await clock.advance(1_000);
  return { api, clock };
}

const eventsOf = (api: ReturnType<typeof createFakeKubeApi>): readonly unknown[] =>
  api.list(eventsPath).filter(({ reason }) => reason === 'ServerNotRead');

describe('a server whose text is more than 4 MiB as JSON', () => {
  it('is reconciled', async () => {
    // Six bytes each in JSON, and one in etcd.
    const { api, clock } = await start('\u0001'.repeat(750_000));
    await clock.advance(5_000);
    expect(api.reads).toContain(`GET ${collection.replace('mcpservers', 'namespaces/mcp/mcpservers')}`);
    expect(api.get(serverPath)?.['status']).toMatchObject({ conditions: expect.anything() });
    expect(eventsOf(api)).toEqual([]);
  });
});

describe('a server that cannot be read', () => {
  it('is told so once, when that lasts, and is reconciled as soon as it can', async () => {
    let isDown = true;
    const { api, clock } = await start('x'.repeat(100_000), () => isDown);
    expect(eventsOf(api)).toEqual([]);
    await clock.advance(600_000);
    expect(eventsOf(api)).toMatchObject([
      {
        note: expect.stringContaining('etcdserver: too many requests'),
        regarding: { uid: expect.stringMatching(/./) },
      },
    ]);
    isDown = false;
    await clock.advance(120_000);
    expect(api.get(serverPath)?.['status']).toMatchObject({ conditions: expect.anything() });
    expect(eventsOf(api)).toHaveLength(1);
  });
});
