import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const deploymentPath = '/apis/apps/v1/namespaces/mcp/deployments/search';
const configMapPath = '/api/v1/namespaces/mcp/configmaps/settings';

function aServer(api: FakeKubeApi, tag: string): void {
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: `example.com/search:${tag}` } },
      config: { port: 8080, envFrom: [{ configMapRef: { name: 'settings' } }] },
    },
  });
}

function aConfigMap(api: FakeKubeApi, value: string): void {
  api.put(configMapPath, { metadata: { name: 'settings', namespace: 'mcp' }, data: { a: value } });
}

const template = (api: FakeKubeApi): string => JSON.stringify(api.get(deploymentPath)?.['spec']);

/** A server in its second life: some changes, and etcd as it was before them. */
async function restored() {
  const api = createFakeKubeApi();
  const clock = createFakeClock();
  aConfigMap(api, 'first');
  aServer(api, '1');
  const stop = startLead({
    ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
    probe: () => Promise.resolve({ state: 'failed', message: 'nobody there' }),
  });
  await clock.advance(1_000);
  const restore = api.snapshot();
  for (const tag of ['2', '3', '4']) {
    aServer(api, tag);
    aConfigMap(api, tag);
    await clock.advance(1_000);
  }
  expect(template(api)).toContain('search:4');
  restore();
  return { api, clock, stop };
}

describe('after a restore of etcd', () => {
  it('a change of a server is carried out although its version is lower than what was seen', async () => {
    const { api, clock, stop } = await restored();
    aServer(api, '5');
    await clock.advance(5_000);
    expect(template(api)).toContain('search:5');
    await stop();
  });

  it('what came back is carried out, though no event tells and the watches are silent', async () => {
    const { api, clock, stop } = await restored();
    // Somebody deletes a child before we are told anything.
    api.endWatches({ why: 'idle' });
    api.remove(deploymentPath);
    await clock.advance(5_000);
    expect(template(api)).toContain('search:1');
    await stop();
  });

  it('a ConfigMap that reached a version again with other contents is read again', async () => {
    const { api, clock, stop } = await restored();
    const before = template(api);
    aConfigMap(api, 'another');
    await clock.advance(5_000);
    expect(template(api)).not.toBe(before);
    expect(template(api)).toContain('config-hash');
    await stop();
  });

  it('nothing is written once all is as it was', async () => {
    const { api, clock, stop } = await restored();
    api.endWatches({ why: 'idle' });
    await clock.advance(600_000);
    const count = api.writes.length;
    await clock.advance(7_200_000);
    expect(api.writes.slice(count)).toEqual([]);
    await stop();
  });
});
