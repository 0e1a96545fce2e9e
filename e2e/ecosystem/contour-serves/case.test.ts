/**
 * @alone it installs the Gateway API and a controller of it, and the chart with routes.
 * @installs it with routes, before there is a Gateway API.
 * @slow streams last more than five minutes, in which others would be ended; the first time Contour is built, which takes minutes.
 */
import { describe, expect, it } from '@jest/globals';
import { at, parseRendered, template } from '../../../scripts/chart/render.ts';
import { release } from '../../../scripts/quickstart/install.ts';
import { addressOfNode } from '../../harness/beside.ts';
import { whileCalling } from '../../harness/client-loop.ts';
import { localCluster } from '../../harness/components.ts';
import { contour, contourMetrics } from '../../harness/contour.ts';
import { eventually } from '../../harness/eventually.ts';
import { conditionOf, list } from '../../harness/kubectl.ts';
import { buildPrometheus, startPrometheus, type PrometheusFiles } from '../../harness/prometheus.ts';
import { itServesAt, itStreamsForMinutes, untilRegistered } from '../../harness/published.ts';
import { useGateway } from '../../harness/real-gateway.ts';

describe('an MCPServer that is published at a Gateway of a real Contour with Envoy, for minutes', () => {
  const edge = useGateway(contour);
  const { namespace, gateways, root } = edge;

  itServesAt(contour, edge);

  it('is told that the gateway leaves out the path that the oldest server of the host has', async () => {
    const messages = async (name: string): Promise<string | undefined> =>
      conditionOf(await untilRegistered(edge, name), 'GatewayRegistered')?.message;
    const some = ['patient', 'sessions', 'everything'];
    const told = await eventually('all but one are told', async () => {
      const found = await Promise.all(some.map(messages));
      const partly = found.map((message) => message?.includes('(RuleMatchPartiallyConflict)') === true);
      return partly.filter((isTold) => !isTold).length === 1 && partly;
    });
    expect(told).toHaveLength(some.length);
  });

  it('is counted by the rules for owners, of what Envoy says of it', async () => {
    const files = await scraping(gateways);
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

  itStreamsForMinutes(edge, { endsSilence: true });
});

/** A Prometheus with the rules of the chart, at Envoy and at us. */
async function scraping(gateways: string): Promise<PrometheusFiles> {
  const values = `monitoring.rules.enabled=true,monitoring.rules.gatewayNamespaces={${gateways}}`;
  const [rule] = parseRendered(await template('--set', values, '--show-only', 'templates/monitoring.yaml'));
  const pods = await list({ namespace: release.namespace }, 'pods', `app.kubernetes.io/instance=${release.name}`);
  const reconcilers = pods.map(({ status }) => `${String(status?.['podIP'])}:8082`);
  const job = (name: string, path: string, namespace: string, targets: readonly string[]): object => ({
    ...{ job_name: name, metrics_path: path },
    static_configs: [{ targets, labels: { namespace } }],
  });
  const { port, path } = contourMetrics;
  const configuration = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    scrape_configs: [
      job('gateway', path, gateways, [`${await addressOfNode()}:${port}`]),
      job('reconciler', '/metrics', release.namespace, reconcilers),
    ],
  };
  return { configuration: JSON.stringify(configuration), rules: { 'rules.yaml': JSON.stringify(at(rule, 'spec')) } };
}
