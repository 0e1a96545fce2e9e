import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const deploymentPath = '/apis/apps/v1/namespaces/mcp/deployments/search';
const discoveryPath = '/apis/autoscaling/v2';
const autoscalerPath = `${discoveryPath}/namespaces/mcp/horizontalpodautoscalers/search`;

const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

const spec = (rest: object): Record<string, unknown> => ({
  source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
  ...{ config: { port: 8080 }, mcp: { stateless: true }, ...rest },
});

async function startScaled(): Promise<{ readonly api: FakeKubeApi; readonly clock: FakeClock }> {
  const api = createFakeKubeApi();
  api.put(discoveryPath, { kind: 'APIResourceList', resources: [{ name: 'horizontalpodautoscalers' }] });
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
    spec: spec({ runtime: { replicas: 1 }, extensions: { autoscaling: { maxReplicas: 5 } } }),
  });
  const clock = createFakeClock();
  const features = ['autoscaling'];
  const metrics = createReconcilerMetrics(new Registry());
  const probe = () => Promise.resolve(verified);
  running.push(startLead({ ...{ api, clock, features, metrics, probe, namespaces: [], version: '1' } }));
  await clock.advance(1_000);
  return { api, clock };
}

/** As its controller does every quarter of a minute. */
function counts(api: FakeKubeApi, conditions: readonly object[], currentReplicas: number): void {
  api.put(autoscalerPath, { status: { currentReplicas, desiredReplicas: currentReplicas, conditions } });
}

/** As an autoscaler does by way of the scale. */
function scale(api: FakeKubeApi, replicas: number): void {
  api.put(serverPath, { spec: { runtime: { replicas } } });
}

function autoscaled(api: FakeKubeApi): string | undefined {
  const status = api.get(serverPath)?.['status'] as
    { readonly conditions?: { type: string; status: string; reason: string }[] } | undefined;
  const found = status?.conditions?.find(({ type }) => type === 'Autoscaled');
  return found === undefined ? undefined : `${found.status}/${found.reason}`;
}

const eventReasons = (api: FakeKubeApi): readonly unknown[] =>
  api.list('/apis/events.k8s.io/v1/namespaces/mcp/events').map(({ reason }) => reason);
const works = { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message: 'ok' };

describe('a server that is scaled', () => {
  it('has an autoscaler, whose number its Deployment follows and nothing of ours brings back', async () => {
    const { api, clock } = await startScaled();
    expect(api.get(autoscalerPath)).toMatchObject({ spec: { maxReplicas: 5, scaleTargetRef: { kind: 'MCPServer' } } });
    expect(autoscaled(api)).toBe('True/Applied');
    scale(api, 4);
    await clock.advance(1_000);
    expect(api.get(deploymentPath)).toMatchObject({ spec: { replicas: 4 } });
    await clock.advance(600_000);
    expect(api.get(serverPath)).toMatchObject({ spec: { runtime: { replicas: 4 } } });
    expect(api.get(deploymentPath)).toMatchObject({ spec: { replicas: 4 } });
  });

  it('costs no request for what its autoscaler counts', async () => {
    const { api, clock } = await startScaled();
    counts(api, [works], 1);
    await clock.advance(5_000);
    const before = [api.writes.length, api.reads.filter((read) => !read.includes(discoveryPath)).length];
    for (let count = 2; count < 6; count += 1) {
      counts(api, [works], count);
      await clock.advance(1_000);
    }
    expect([api.writes.length, api.reads.filter((read) => !read.includes(discoveryPath)).length]).toEqual(before);
  });

  it('is told after two minutes that its autoscaler does nothing, and when it does again', async () => {
    const { api, clock } = await startScaled();
    const failed = {
      ...{ type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric', message: 'no metrics' },
      lastTransitionTime: clock.now().toISOString(),
    };
    counts(api, [failed], 1);
    await clock.advance(60_000);
    expect(autoscaled(api)).toBe('True/Applied');
    await clock.advance(61_000);
    expect(autoscaled(api)).toBe('False/NotScaling');
    expect(eventReasons(api)).toContain('NotScaling');
    counts(api, [works], 1);
    await clock.advance(1_000);
    expect(autoscaled(api)).toBe('True/Applied');
  });

  it('keeps its pods when it is not scaled any more', async () => {
    const { api, clock } = await startScaled();
    scale(api, 4);
    await clock.advance(1_000);
    const { apiVersion, kind, metadata } = api.get(serverPath) ?? {};
    api.remove(serverPath);
    api.put(serverPath, { apiVersion, kind, metadata, spec: spec({ runtime: { replicas: 4 } }) });
    await clock.advance(1_000);
    expect(api.get(autoscalerPath)).toBeUndefined();
    expect(autoscaled(api)).toBeUndefined();
    expect(api.get(deploymentPath)).toMatchObject({ spec: { replicas: 4 } });
  });
});
