import { expect, it } from '@jest/globals';
import { at, parseRendered, template } from '../../scripts/chart/render.ts';
import { release } from '../../scripts/quickstart/install.ts';
import { addressOfNode } from './beside.ts';
import { whileCalling } from './client-loop.ts';
import { localCluster } from './components.ts';
import { eventually } from './eventually.ts';
import { list } from './kubectl.ts';
import { buildPrometheus, startPrometheus, type PrometheusFiles } from './prometheus.ts';
import type { Edge } from './real-gateway.ts';

/** Where a gateway tells at the address of the node what it counts. */
export interface GatewayMetrics {
  readonly port: number;
  readonly path: string;
}

/** Of the server `patient`: beside `itStreamsForMinutes`. */
export function itIsCounted({ namespace, gateways, root }: Edge, metrics: GatewayMetrics): void {
  it('is counted by the rules for owners, of what its gateway says of it', async () => {
    const files = await scraping(gateways, metrics);
    const prometheus = await startPrometheus(await localCluster(), await buildPrometheus(), files);
    const of = async (record: string): Promise<number> => {
      const [found] = await prometheus.query(`${record}{namespace="${namespace}",mcpserver="patient"}`);
      return Number(found?.value[1]);
    };
    try {
      await whileCalling({ namespace, pod: 'client', url: `${root}/patient` }, async () => {
        const isCounted = async (): Promise<boolean> => (await of('mcp_server:requests:rate5m')) > 1;
        await eventually('its requests are counted', isCounted, { describe: () => Promise.resolve(prometheus.said()) });
      });
      expect(await of('mcp_server:errors:rate5m')).toBe(0);
      const seconds = await of('mcp_server:latency_seconds:p95_rate5m');
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThan(5);
    } finally {
      await prometheus.stop();
    }
  });
}

/** A Prometheus with the rules of the chart, at the gateway and at us. */
async function scraping(gateways: string, { port, path }: GatewayMetrics): Promise<PrometheusFiles> {
  const values = `monitoring.rules.enabled=true,monitoring.rules.gatewayNamespaces={${gateways}}`;
  const [rule] = parseRendered(await template('--set', values, '--show-only', 'templates/monitoring.yaml'));
  const pods = await list({ namespace: release.namespace }, 'pods', `app.kubernetes.io/instance=${release.name}`);
  const reconcilers = pods.map(({ status }) => `${String(status?.['podIP'])}:8082`);
  const job = (name: string, metricsPath: string, namespace: string, targets: readonly string[]): object => ({
    ...{ job_name: name, metrics_path: metricsPath },
    static_configs: [{ targets, labels: { namespace } }],
  });
  const configuration = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    scrape_configs: [
      job('gateway', path, gateways, [`${await addressOfNode()}:${port}`]),
      job('reconciler', '/metrics', release.namespace, reconcilers),
    ],
  };
  return { configuration: JSON.stringify(configuration), rules: { 'rules.yaml': JSON.stringify(at(rule, 'spec')) } };
}
