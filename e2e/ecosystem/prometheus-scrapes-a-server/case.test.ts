/**
 * @alone it installs the kinds of the Prometheus operator, and the chart with monitoring.
 * @slow two installations; the first time Prometheus and its operator are built, which takes minutes.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findCluster, type ClusterHandle } from '../../../scripts/cluster/cluster.ts';
import type { PrometheusPrograms } from '../../../scripts/cluster/packages/prometheus.ts';
import type { Running } from '../../harness/beside.ts';
import { installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, list } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { installMonitoringKinds, removeMonitoringKinds } from '../../harness/monitoring-kinds.ts';
import { useNamespace } from '../../harness/namespace.ts';
import {
  buildPrometheus,
  startOperator,
  startPrometheus,
  untilConfigured,
  type RunningPrometheus,
} from '../../harness/prometheus.ts';

describe('an MCPServer with spec.extensions.metrics', () => {
  const namespace = useNamespace();
  let cluster: ClusterHandle;
  let programs: PrometheusPrograms;
  let operator: Running | undefined;
  let prometheus: RunningPrometheus | undefined;

  beforeAll(async () => {
    const found = await findCluster();
    if (found === undefined) throw new Error('scripts/e2e brought the cluster up');
    cluster = found;
    programs = await buildPrometheus();
    await installMonitoringKinds();
    await installChart({ args: ['--set', 'monitoring.enabled=true'] });
    operator = startOperator(programs, namespace);
  }, 3_600_000);

  afterAll(async () => {
    await prometheus?.stop();
    await operator?.stop();
    await installChart();
    await removeMonitoringKinds();
  });

  const server = (extensions: object): object =>
    kubernetesServer('search', {
      runtime: { replicas: 2, security: { serviceAccountName: 'default' } },
      mcp: { stateless: true },
      extensions,
    });
  const podsThatRun = async (): Promise<readonly string[]> =>
    (await list({ namespace }, 'pods', 'mcp-server=search')).map(({ metadata }) => metadata.name).sort();

  it('has a PodMonitor that the real kind takes, and is Ready', async () => {
    await apply(namespace, server({ metrics: { port: 'mcp', interval: '1s', labels: { prometheus: 'team' } } }));
    await untilCondition(namespace, 'search', { type: 'Ready', status: 'True' });
    await untilCondition(namespace, 'search', { type: 'Monitored', status: 'True' });
    const monitor = await get(namespace, 'podmonitors', 'search');
    expect(monitor?.metadata.labels).toMatchObject({ prometheus: 'team' });
  });

  it('is scraped by a real Prometheus, each pod of it', async () => {
    await apply(namespace, {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'Prometheus',
      metadata: { name: 'team' },
      // The operator makes the configuration; the program runs beside the cluster, so no pod needs its image.
      spec: { replicas: 0, podMonitorSelector: { matchLabels: { prometheus: 'team' } } },
    });
    const configuration = await untilConfigured(namespace, 'team', `podMonitor/${namespace}/search/0`);
    const { query, said } = (prometheus = await startPrometheus(cluster, programs, { configuration }));
    const up = await eventually(
      'both pods are up',
      async () => {
        const found = await query(`up{namespace="${namespace}"} == 1`);
        return found.length === 2 && found;
      },
      { describe: async () => ({ up: await query('up'), said: said() }) },
    );
    expect(up.map(({ metric }) => metric['pod']).sort()).toEqual(await podsThatRun());
    // What the server itself says, beside what Prometheus notes of each scrape.
    const own = await query(`count by (pod) ({namespace="${namespace}",__name__!~"up|scrape_.*"})`);
    expect(own.map(({ metric }) => metric['pod']).sort()).toEqual(await podsThatRun());
  });

  it('goes on without its PodMonitor when it asks for none any more', async () => {
    const before = await podsThatRun();
    await apply(namespace, server({}));
    await eventually(
      'the PodMonitor is gone',
      async () => (await get(namespace, 'podmonitors', 'search')) === undefined,
    );
    expect(conditionOf(await get(namespace, 'mcpservers', 'search'), 'Ready')?.status).toBe('True');
    expect(await podsThatRun()).toEqual(before);
  });
});
