import { Registry } from 'prom-client';
import { expect, it } from '@jest/globals';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { anMCPServer, withName, withNamespace, withSpec, withUid } from '../core/testing/builders.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { PerServerMetrics } from './per-server-metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const key = 'tools/search';

/** Names to labels, of the metrics that a registry has. */
async function labelsIn(registry: Registry): Promise<ReadonlyMap<string, readonly string[]>> {
  const metrics = registry.getMetricsAsArray() as unknown as readonly { name: string; labelNames: readonly string[] }[];
  await registry.metrics();
  return new Map(metrics.map(({ name, labelNames }) => [name, labelNames]));
}

it('are the metrics of the reference operator with its labels, and only where they are asked for', async () => {
  const [with_, without] = [new Registry(), new Registry()];
  createReconcilerMetrics(with_, { perServer: true });
  createReconcilerMetrics(without);
  expect(Object.fromEntries([...(await labelsIn(with_))].filter(([name]) => name.startsWith('mcpserver_')))).toEqual({
    mcpserver_condition_info: ['name', 'namespace', 'type', 'status', 'reason'],
    mcpserver_validation_failures_total: ['name', 'namespace', 'reason'],
    mcpserver_deployment_failures_total: ['name', 'namespace', 'reason'],
    mcpserver_service_failures_total: ['name', 'namespace', 'reason'],
    mcpserver_networkpolicy_failures_total: ['name', 'namespace', 'reason'],
    mcpserver_reconcile_phase_duration_seconds: ['phase'],
    mcpserver_handshake_total: ['name', 'namespace', 'result'],
    mcpserver_handshake_duration_seconds: ['name', 'namespace'],
    mcpserver_capability_changes_total: ['name', 'namespace'],
  });
  const few = await labelsIn(without);
  expect(few.get('mcpserver_handshake_total')).toEqual(['result']);
  expect([...few.keys()].filter((name) => /^mcpserver_.*(_failures_total|capability|phase)/.test(name))).toEqual([]);
});

it('are gone with the server, and all of them when another replica leads', async () => {
  const registry = new Registry();
  const metrics = new PerServerMetrics(registry);
  const fill = (of: string): void => {
    metrics.observeProbe(of, 'verified', 0.2);
    metrics.observeFailure(of, 'Deployment');
    metrics.observeEvents(of, [{ reason: 'Invalid' }, { reason: 'CapabilityChanged' }]);
  };
  fill(key);
  fill('tools/other');
  const said = await registry.metrics();
  for (const line of [
    'mcpserver_handshake_total{name="search",namespace="tools",result="success"} 1',
    'mcpserver_deployment_failures_total{name="search",namespace="tools",reason="ReconcileError"} 1',
    'mcpserver_validation_failures_total{name="search",namespace="tools",reason="Invalid"} 1',
    'mcpserver_capability_changes_total{name="search",namespace="tools"} 1',
    'mcpserver_handshake_duration_seconds_bucket{le="0.25",name="search",namespace="tools"} 1',
  ])
    expect(said).toContain(line);
  for (const state of ['auth-required', 'throttled', 'failed'] as const) metrics.observeProbe(key, state, 1);
  for (const kind of ['Service', 'NetworkPolicy', 'PodMonitor']) metrics.observeFailure(key, kind);
  expect((await registry.metrics()).split('\n').filter((line) => line.includes('name="search"'))).toHaveLength(19);
  metrics.forget(key);
  expect(await registry.metrics()).not.toContain('"search"');
  expect(await registry.metrics()).toContain('"other"');
  metrics.forgetAll();
  expect(await registry.metrics()).not.toContain('"other"');
});

it('count what a server goes through: a round, what cannot be written, and what is wrong with it', async () => {
  const [api, clock, registry] = [createFakeKubeApi(), createFakeClock(), new Registry()];
  const metrics = createReconcilerMetrics(registry, { perServer: true });
  const put = (name: string, spec: Parameters<typeof withSpec>[0] = {}): void => {
    const server = anMCPServer(withName(name), withNamespace('tools'), withUid(name), withSpec(spec));
    api.put(`/apis/mcp.x-k8s.io/v1beta1/namespaces/tools/mcpservers/${name}`, { ...server });
  };
  api.answer(({ path, method }) => method !== 'GET' && path.includes('/services'), 403);
  put('search');
  put('missing', { config: { envFrom: [{ configMapRef: { name: 'none' } }] } });
  const stop = startLead({ api, clock, metrics, version: '1', namespaces: [], probe: () => Promise.resolve(verified) });
  await clock.advance(5_000);
  const said = await registry.metrics();
  expect(said).toMatch(
    /mcpserver_service_failures_total\{name="search",namespace="tools",reason="ReconcileError"\} \d/,
  );
  expect(said).toContain('mcpserver_validation_failures_total{name="missing",namespace="tools",reason="Invalid"} 1');
  for (const phase of ['validation', 'deployment', 'service', 'networkpolicy'])
    expect(said).toMatch(new RegExp(`mcpserver_reconcile_phase_duration_seconds_count\\{phase="${phase}"\\} [1-9]`));
  await stop();
});
