import { Registry } from 'prom-client';
import { afterEach, expect, it } from '@jest/globals';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { ProbeTarget } from '../platform/mcp/probe.ts';
import { fixedPolicy } from '../platform/policy/policy-source.ts';
import { builtInUnder } from '../platform/policy/read-policy-value.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const deploymentPath = '/apis/apps/v1/namespaces/mcp/deployments/search';

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

/** A server that has become available, and what was asked of it. */
async function run(profile: 'default' | 'reference', config: object = {}): Promise<[FakeKubeApi, ProbeTarget[]]> {
  const [api, clock] = [createFakeKubeApi(), createFakeClock()];
  const asked: ProbeTarget[] = [];
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
      config: { port: 8080, ...config },
    },
  });
  const stop = startLead({
    ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
    policies: fixedPolicy(builtInUnder(profile)),
    probe: (target) => {
      asked.push(target);
      return Promise.resolve(verified);
    },
  });
  running.push(stop);
  await clock.advance(1_000);
  if (api.get(deploymentPath) !== undefined) {
    const conditions = [{ type: 'Available', status: 'True' }];
    const counts = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1 };
    api.put(deploymentPath, { status: { ...counts, conditions } });
    await clock.advance(5_000);
  }
  return [api, asked];
}

it.each([
  ['default', false],
  ['reference', true],
] as const)('under the profile %s every 403 counts as authentication: %s', async (profile, accepts) => {
  const [, asked] = await run(profile);
  expect(asked.map(({ acceptsForbidden }) => acceptsForbidden)).toContain(accepts);
  expect(asked.map(({ acceptsForbidden }) => acceptsForbidden)).not.toContain(!accepts);
});

it.each([
  ['default', true],
  ['reference', false],
] as const)('under the profile %s pods get what nobody asked for: %s', async (profile, isOurs) => {
  const [api] = await run(profile);
  const text = JSON.stringify(api.get(deploymentPath)?.['spec']);
  for (const field of ['enableServiceLinks', 'automountServiceAccountToken', 'preStop', 'strategy', 'resources'])
    expect([field, text.includes(field)]).toEqual([field, isOurs]);
});

it('under the profile reference a missing object is told in its words alone', async () => {
  const [api] = await run('reference', { envFrom: [{ secretRef: { name: 'x' } }] });
  const { conditions } = api.get(serverPath)?.['status'] as { conditions: { type: string; message: string }[] };
  expect(conditions.find(({ type }) => type === 'Accepted')?.message).toBe(
    "Secret 'x' (envFrom index 0) not found in namespace 'mcp'",
  );
});
