import { afterEach, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';
import type { Probe } from '../platform/mcp/probe.ts';
import { ofReplicaSet } from './testing/replica-set.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const deploymentPath = '/apis/apps/v1/namespaces/mcp/deployments/search';

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

async function start(api: FakeKubeApi, probe: Probe): Promise<{ clock: FakeClock; stop: () => Promise<void> }> {
  const clock = createFakeClock();
  const metrics = createReconcilerMetrics(new Registry());
  const stop = startLead({ api, clock, version: '1', namespaces: [], metrics, probe });
  running.push(stop);
  await clock.advance(1_000);
  return { clock, stop };
}

/** A server with two pods that are ready. */
function aServerOfTwo(api: FakeKubeApi): void {
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
      config: { port: 8080 },
      runtime: { replicas: 2 },
    },
  });
  for (const at of [1, 2]) {
    const labels = { app: 'mcp-server', 'mcp-server': 'search', 'pod-template-hash': '5d4f8c7b9' };
    api.put(`/api/v1/namespaces/mcp/pods/search-${at}`, {
      metadata: {
        ...{ name: `search-${at}`, namespace: 'mcp', labels },
        ownerReferences: ofReplicaSet('search', '5d4f8c7b9'),
      },
      spec: { containers: [{ ports: [{ name: 'mcp', containerPort: 8080 }] }] },
      status: { podIP: `10.0.0.${at}`, conditions: [{ type: 'Ready', status: 'True' }] },
    });
  }
}

function becomesAvailable(api: FakeKubeApi): void {
  const { metadata } = api.get(deploymentPath) as { metadata: { generation: number } };
  api.put(deploymentPath, {
    status: {
      ...{ observedGeneration: metadata.generation, replicas: 2, updatedReplicas: 2, readyReplicas: 2 },
      conditions: [{ type: 'Available', status: 'True' }],
    },
  });
}

function verifiedOf(api: FakeKubeApi): unknown {
  const { conditions } = api.get(serverPath)?.['status'] as { conditions: readonly { type: string }[] };
  return conditions.find(({ type }) => type === 'Verified');
}

it('says which pod does not speak MCP while the other one does, and a restart has nothing to add', async () => {
  const api = createFakeKubeApi();
  const broken = { isBroken: false };
  const probe: Probe = ({ at }) =>
    Promise.resolve(
      at?.host === '10.0.0.2' && broken.isBroken ? { state: 'failed', message: 'answered HTTP 500' } : verified,
    );
  aServerOfTwo(api);
  const first = await start(api, probe);
  becomesAvailable(api);
  await first.clock.advance(60_000);
  expect(verifiedOf(api)).toMatchObject({ status: 'True' });
  broken.isBroken = true;
  await first.clock.advance(180_000);
  expect(verifiedOf(api)).toMatchObject({
    ...{ status: 'False', reason: 'EndpointUnavailable' },
    message: expect.stringContaining('1 of 2 pods does not speak it'),
  });
  const failingPods = [{ name: 'search-2', message: 'answered HTTP 500' }];
  expect(api.get(serverPath)).toMatchObject({ status: { extensions: { verification: { failingPods } } } });
  await first.stop();
  const count = api.writes.length;
  const second = await start(api, probe);
  await second.clock.advance(600_000);
  expect(api.writes.slice(count)).toEqual([]);
  broken.isBroken = false;
  await second.clock.advance(180_000);
  expect(verifiedOf(api)).toMatchObject({ status: 'True' });
  expect(api.get(serverPath)).not.toHaveProperty('status.extensions.verification.failingPods');
});
