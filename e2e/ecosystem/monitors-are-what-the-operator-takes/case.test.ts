/** @alone it installs the kinds of the Prometheus operator, and the chart with monitoring. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, type KubeObject } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { installMonitoringKinds, removeMonitoringKinds } from '../../harness/monitoring-kinds.ts';

describe('a server with spec.extensions.metrics, where the kinds are those of the Prometheus operator', () => {
  const namespace = useNamespace();

  beforeAll(async () => {
    await installMonitoringKinds();
    await installChart({ args: ['--set', 'monitoring.enabled=true'] });
  });

  afterAll(async () => {
    await installChart();
    await removeMonitoringKinds();
  });

  const tls = { tls: { enabled: true, insecureSkipVerify: true } };

  it.each<[kind: string, plural: string, name: string, spec: object]>([
    ['PodMonitor', 'podmonitors', 'by-pods', {}],
    ['ServiceMonitor', 'servicemonitors', 'by-service', {}],
    ['PodMonitor', 'podmonitors', 'by-pods-over-tls', { transport: tls }],
    ['ServiceMonitor', 'servicemonitors', 'by-service-over-tls', { transport: tls }],
  ])('has a %s that is stored without a field left out (%s, %s)', async (kind, plural, name, spec) => {
    const metrics = { port: 'mcp', path: '/metrics', interval: '30s', labels: { release: 'team' }, kind };
    await apply(namespace, kubernetesServer(name, { ...spec, extensions: { metrics }, runtime: { replicas: 0 } }));
    await untilCondition(namespace, name, { type: 'Monitored', status: 'True' });
    const monitor = await eventually(`its ${kind}`, () => get(namespace, `${plural}.monitoring.coreos.com`, name));
    expect(monitor.metadata.labels).toMatchObject({ release: 'team' });
    const [endpoint] = endpointsOf(monitor);
    expect(endpoint).toMatchObject({ path: '/metrics', interval: '30s' });
    if ('transport' in spec)
      expect(endpoint).toMatchObject({ scheme: 'https', tlsConfig: { insecureSkipVerify: true } });
  });
});

function endpointsOf({ spec }: KubeObject): readonly object[] {
  return (spec?.['podMetricsEndpoints'] ?? spec?.['endpoints'] ?? []) as readonly object[];
}
