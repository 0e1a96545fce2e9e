import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const deploymentPath = '/apis/apps/v1/namespaces/mcp/deployments/search';

const onHostNetwork = { spec: { template: { spec: { hostNetwork: true } } } };

let stop: (() => Promise<void>) | undefined;

afterEach(() => stop?.());

async function aReconciledServer(): Promise<{ readonly api: FakeKubeApi; readonly clock: FakeClock }> {
  const api = createFakeKubeApi();
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
    spec: { source: { type: 'ContainerImage', containerImage: { ref: 'example.com/x:1' } }, config: { port: 8080 } },
  });
  const clock = createFakeClock();
  stop = startLead({
    ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
    probe: () => Promise.resolve({ state: 'failed', message: 'not asked' }),
  });
  await clock.advance(1_000);
  rollOut(api);
  await clock.advance(1_000);
  return { api, clock };
}

function rollOut(api: FakeKubeApi): void {
  const { metadata } = api.get(deploymentPath) as { metadata: { generation: number } };
  api.put(deploymentPath, {
    status: {
      observedGeneration: metadata.generation,
      conditions: [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }],
    },
  });
}

const podOf = (api: FakeKubeApi): Record<string, unknown> =>
  (api.get(deploymentPath) as { spec: { template: { spec: Record<string, unknown> } } }).spec.template.spec;

const statusOf = (api: FakeKubeApi) =>
  api.get(serverPath)?.['status'] as {
    readonly extensions?: { readonly foreign?: unknown };
    readonly conditions: readonly { readonly type: string; readonly message: string }[];
  };

const acceptedMessage = (api: FakeKubeApi): string | undefined =>
  statusOf(api).conditions.find(({ type }) => type === 'Accepted')?.message;

const events = (api: FakeKubeApi): readonly unknown[] =>
  api.list('/apis/events.k8s.io/v1/namespaces/mcp/events').map(({ reason }) => reason);

const writesTo = (api: FakeKubeApi, from: number): readonly string[] =>
  api.writes.slice(from).filter((write) => write.endsWith('/deployments/search'));

it('a strategy that somebody wrote stays, and is written about once: Recreate, for a volume that only one version may have', async () => {
  const { api, clock } = await aReconciledServer();
  const strategyOf = (): unknown => (api.get(deploymentPath) as { spec: { strategy?: unknown } }).spec.strategy;
  const from = api.writes.length;
  api.putAs('kubectl-patch', deploymentPath, { spec: { strategy: { type: 'Recreate', rollingUpdate: null } } });
  await clock.advance(1_000);
  expect(strategyOf()).toMatchObject({ type: 'Recreate' });
  expect(writesTo(api, from)).toHaveLength(1);
  api.put(serverPath, {
    metadata: { generation: 2 },
    spec: { source: { type: 'ContainerImage', containerImage: { ref: 'example.com/x:2' } } },
  });
  await clock.advance(1_000);
  expect(podOf(api)).toMatchObject({ containers: [{ image: 'example.com/x:2' }] });
  expect(strategyOf()).toMatchObject({ type: 'Recreate' });
  rollOut(api);
  await clock.advance(60_000);
  expect(writesTo(api, from)).toHaveLength(2);
});

describe('hostNetwork that somebody patched onto the Deployment while status said Ready', () => {
  it('is taken away, told as an event, and then nothing is written any more', async () => {
    const { api, clock } = await aReconciledServer();
    api.putAs('kubectl-patch', deploymentPath, onHostNetwork);
    const from = api.writes.length;
    await clock.advance(1_000);
    expect(podOf(api)).not.toHaveProperty('hostNetwork');
    expect(podOf(api)).toHaveProperty('automountServiceAccountToken', false);
    expect(writesTo(api, from)).toHaveLength(2);
    expect(events(api)).toContain('ForeignFieldsRemoved');
    expect(statusOf(api).extensions?.foreign).toBeUndefined();
    rollOut(api);
    await clock.advance(60_000);
    expect(writesTo(api, from)).toHaveLength(2);
  });

  it('is told as long as it stands, when it comes back after it was taken away twice, and goes every ten minutes', async () => {
    const { api, clock } = await aReconciledServer();
    for (let times = 0; times < 3; times += 1) {
      api.putAs('kubectl-patch', deploymentPath, onHostNetwork);
      await clock.advance(1_000);
      rollOut(api);
      await clock.advance(1_000);
    }
    expect(podOf(api)).toHaveProperty('hostNetwork', true);
    expect(statusOf(api).extensions?.foreign).toEqual({
      fields: [
        {
          ...{ kind: 'Deployment', path: 'spec.template.spec.hostNetwork' },
          ...{ manager: 'kubectl-patch', state: 'ComesBack' },
        },
      ],
    });
    expect(acceptedMessage(api)).toBe(
      'Configuration is valid; 1 field that others wrote stands in what runs, see status.extensions.foreign',
    );
    expect(events(api)).toContain('ForeignFieldsStand');
    const from = api.writes.length;
    await clock.advance(500_000);
    expect(writesTo(api, from)).toEqual([]);
    await clock.advance(150_000);
    expect(podOf(api)).not.toHaveProperty('hostNetwork');
    expect(statusOf(api).extensions?.foreign).toBeUndefined();
    expect(acceptedMessage(api)).toBe('Configuration is valid');
  });

  it('is taken away although the object changes while that is done', async () => {
    const { api, clock } = await aReconciledServer();
    api.putAs('kubectl-patch', deploymentPath, onHostNetwork);
    let conflicts = 0;
    api.answer(({ contentType }) => contentType === 'application/json-patch+json' && (conflicts += 1) <= 2, 409);
    await clock.advance(1_000);
    expect(conflicts).toBe(3);
    expect(podOf(api)).not.toHaveProperty('hostNetwork');
  });

  it('stays while nobody owns it: mutating admission wrote it into our own request, so it is only told', async () => {
    const { api, clock } = await aReconciledServer();
    const from = api.writes.length;
    api.put(deploymentPath, onHostNetwork);
    await clock.advance(60_000);
    expect(writesTo(api, from)).toEqual([]);
    expect(statusOf(api).extensions?.foreign).toEqual({
      fields: [{ kind: 'Deployment', path: 'spec.template.spec.hostNetwork', state: 'FromAdmission' }],
    });
  });

  it('stays in the Deployment of a server that is refused, as all that runs stays', async () => {
    const { api, clock } = await aReconciledServer();
    api.put(serverPath, {
      metadata: { generation: 2 },
      spec: { runtime: { security: { securityContext: { privileged: true } } } },
    });
    await clock.advance(1_000);
    const from = api.writes.length;
    api.putAs('kubectl-patch', deploymentPath, onHostNetwork);
    await clock.advance(60_000);
    expect(writesTo(api, from)).toEqual([]);
  });
});
