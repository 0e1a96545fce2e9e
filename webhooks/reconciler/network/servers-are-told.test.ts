import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createFakeClock } from '../../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../../platform/kube/testing/fake-kube-api.ts';
import { listAt, recordAt, stringAt } from '../../platform/kube/object.ts';
import { createReconcilerMetrics } from '../metrics.ts';
import { startLead } from '../testing/start-lead.ts';
import { verified } from '../testing/verified.ts';
import { withKubelet } from './testing/with-kubelet.ts';

const serverPath = (name: string): string => `/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/${name}`;
const configMapPath = '/api/v1/namespaces/system/configmaps/probe';

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

function withServers(outcome: string): FakeKubeApi {
  const api = createFakeKubeApi();
  api.put(configMapPath, {
    metadata: { name: 'probe', namespace: 'system' },
    data: { outcome, askedAt: '2026-01-01T00:00:00Z', release: '1' },
  });
  for (const [name, extensions] of [
    ['closed', { network: { posture: 'Restricted' } }],
    ['usual', undefined],
  ] as const)
    api.put(serverPath(name), {
      ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer' },
      metadata: { name, namespace: 'mcp', generation: 1 },
      spec: {
        source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
        config: { port: 8080 },
        ...(extensions === undefined ? {} : { extensions }),
      },
    });
  return api;
}

async function lead(api: FakeKubeApi, clock = createFakeClock(), isOpen = true): Promise<Registry> {
  const registry = new Registry();
  const stop = startLead({
    ...{ api: withKubelet(api, { phase: 'Running', podIP: '10.0.0.9' }), clock, namespaces: [], version: '1' },
    metrics: createReconcilerMetrics(registry),
    probe: () => Promise.resolve(verified),
    networkProbe: {
      ...{ namespace: 'system', name: 'probe' },
      reaches: () =>
        Promise.resolve(
          isOpen || api.list('/apis/networking.k8s.io/v1/namespaces/system/networkpolicies').length === 0,
        ),
    },
  });
  running.push(stop);
  await clock.advance(5_000);
  return registry;
}

function said(api: FakeKubeApi, name: string): string {
  const conditions = listAt(recordAt(api.get(serverPath(name)), 'status'), 'conditions');
  const accepted = conditions.find((one) => stringAt(one, 'type') === 'Accepted');
  expect(stringAt(accepted, 'status')).toBe('True');
  return stringAt(accepted, 'message') ?? '';
}

describe('a cluster in which nothing enforces NetworkPolicies', () => {
  it('is told to servers that rely on them, and to no others, and in the metrics', async () => {
    const api = withServers('NotEnforced');
    const registry = await lead(api);
    expect(said(api, 'closed')).toContain('so spec.extensions.network.posture may keep nobody out');
    expect(said(api, 'usual')).toBe('Configuration is valid');
    expect(await registry.metrics()).toMatch(/^mcp_lifecycle_network_policies_info\{outcome="NotEnforced"\} 1$/m);
  });

  it('is told to nobody any more once they are enforced', async () => {
    const api = withServers('NotEnforced');
    const clock = createFakeClock();
    const own = { spec: { containers: [{ name: 'reconciler', image: 'example.com/us:1' }] } };
    api.put('/api/v1/namespaces/system/pods/p', own);
    await lead(api, clock, false);
    expect(said(api, 'closed')).toContain('may keep nobody out');
    await clock.advance(30 * 3_600_000);
    expect(recordAt(api.get(configMapPath), 'data')?.['outcome']).toBe('Enforced');
    expect(said(api, 'closed')).toBe('Configuration is valid');
  });

  it.each(['Enforced', 'Unknown'])('is not told where the outcome is %s', async (outcome) => {
    const api = withServers(outcome);
    await lead(api);
    expect(said(api, 'closed')).toBe('Configuration is valid');
  });

  it('writes nothing when the next leader finds what the last one said', async () => {
    const api = withServers('NotEnforced');
    const clock = createFakeClock();
    await lead(api, clock);
    await running.pop()?.();
    api.writes.length = 0;
    await lead(api, clock);
    expect(api.writes.filter((write) => write.includes('/status'))).toEqual([]);
    expect(said(api, 'closed')).toContain('may keep nobody out');
  });
});
