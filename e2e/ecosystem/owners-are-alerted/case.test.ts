/**
 * @alone it installs the kinds of the Prometheus operator, and the chart with its rules.
 * @slow two installations, and five servers of which most fail; the first time Prometheus and its operator are built, which takes minutes.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gatewaySamples } from '../../../scripts/alerts/gateway-samples.ts';
import { queriesOf, readDashboard } from '../../../scripts/alerts/server-rules.ts';
import { findCluster } from '../../../scripts/cluster/cluster.ts';
import { release } from '../../../scripts/quickstart/install.ts';
import type { Running } from '../../harness/beside.ts';
import { installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply } from '../../harness/kubectl.ts';
import { imageOf, kubernetesServer, oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { installMonitoringKinds, removeMonitoringKinds } from '../../harness/monitoring-kinds.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { node } from '../../harness/node-pod.ts';
import {
  buildPrometheus,
  startOperator,
  startPrometheus,
  untilConfigured,
  untilRules,
  type RunningPrometheus,
} from '../../harness/prometheus.ts';

const selected = { prometheus: 'team' };

describe('the owner of servers, where a real Prometheus scrapes us and evaluates the rules of the chart', () => {
  const namespace = useNamespace();
  const gateways = useNamespace();
  let operator: Running | undefined;
  let prometheus: RunningPrometheus | undefined;

  beforeAll(async () => {
    const cluster = await findCluster();
    if (cluster === undefined) throw new Error('scripts/ecosystem brought the cluster up');
    const programs = await buildPrometheus();
    await installMonitoringKinds();
    const values = [
      ...['serviceMonitor.enabled=true', 'serviceMonitor.serverNames=true', 'serviceMonitor.labels.prometheus=team'],
      ...['monitoring.rules.enabled=true', 'monitoring.rules.labels.prometheus=team'],
      ...['serviceMonitor.interval=1s', `monitoring.rules.gatewayNamespaces={${gateways}}`],
    ];
    await installChart({ args: values.flatMap((value) => ['--set', value]) });
    await apply(namespace, { apiVersion: 'v1', kind: 'List', items: servers });
    await apply(gateways, { apiVersion: 'v1', kind: 'List', items: exporter(namespace) });
    operator = startOperator(programs, namespace, gateways, release.namespace);
    const everywhere = { matchLabels: selected };
    await apply(namespace, {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'Prometheus',
      metadata: { name: 'team' },
      spec: {
        // The operator makes the configuration; the program runs beside the cluster, so no pod needs its image.
        ...{ replicas: 0, evaluationInterval: '1s' },
        ...{ podMonitorSelector: everywhere, podMonitorNamespaceSelector: {} },
        ...{ serviceMonitorSelector: everywhere, serviceMonitorNamespaceSelector: {} },
        ...{ ruleSelector: everywhere, ruleNamespaceSelector: {} },
      },
    });
    await untilConfigured(namespace, 'team', `podMonitor/${gateways}/gateways/0`);
    const configuration = await untilConfigured(namespace, 'team', `serviceMonitor/${release.namespace}/`);
    const taken = await untilRules(namespace, 'team', 'MCPServerNotVerified');
    const rules = Object.entries(taken).map(([file, text]) => [file, withoutWaiting(text)] as const);
    prometheus = await startPrometheus(cluster, programs, { configuration, rules: Object.fromEntries(rules) });
  }, 3_600_000);

  afterAll(async () => {
    await prometheus?.stop();
    await operator?.stop();
    await installChart();
    await removeMonitoringKinds();
  });

  const ask = async (expression: string): Promise<readonly Readonly<Record<string, string>>[]> =>
    ((await prometheus?.query(expression)) ?? []).map(({ metric }) => metric);
  const untilFound = (expression: string): Promise<readonly Readonly<Record<string, string>>[]> =>
    eventually(
      `${expression} finds something`,
      async () => {
        const found = await ask(expression);
        return found.length > 0 && found;
      },
      { describe: async () => ({ down: await ask('up == 0'), said: prometheus?.said() }) },
    );

  it.each([
    ['refused', 'MCPServerNotAccepted', { type: 'Accepted', status: 'False' }],
    ['mute', 'MCPServerNotVerified', { type: 'Verified', status: 'False' }],
    ['stuck', 'MCPServerRolloutStuck', { type: 'Stalled', status: 'True' }],
    ['changed', 'MCPServerToolContractChanged', { type: 'Verified', status: 'False', reason: 'ToolContractChanged' }],
  ])('is told of the server %s by %s', async (name, alertname, condition) => {
    await untilCondition(namespace, name, condition);
    const [found] = await untilFound(`ALERTS{alertname="${alertname}",alertstate="firing",mcpserver="${name}"}`);
    expect(found).toMatchObject({ namespace, mcpserver: name });
  });

  it('is told nothing of a server that serves', async () => {
    await untilCondition(namespace, 'healthy', { type: 'Verified', status: 'True' });
    await eventually('no alert is about it', async () => (await ask('ALERTS{mcpserver="healthy"}')).length === 0);
  });

  it('sees by server what came through each kind of gateway, and no server that a target made up', async () => {
    for (const name of ['healthy', 'mute', 'stuck', 'changed'])
      await untilFound(`mcp_server:requests:rate5m{namespace="${namespace}",mcpserver="${name}"} > 0`);
    expect(await ask('mcp_server:condition:info{namespace="made-up"}')).toEqual([]);
    expect(await ask('mcpserver_condition_info{exported_namespace="made-up"}')).toHaveLength(1);
  });

  it.each(queriesOf(readDashboard(), { namespace, mcpserver: '.*' }))(
    'has data on the dashboard: %s',
    async (query) => {
      expect(await untilFound(query)).not.toEqual([]);
    },
  );
});

const servers = [
  kubernetesServer('healthy'),
  kubernetesServer('refused', { config: { port: 8080, envFrom: [{ configMapRef: { name: 'nowhere' } }] } }),
  oddServer('mute', 'answer-of-empty-objects'),
  kubernetesServer('stuck', {
    source: { type: 'ContainerImage', containerImage: { ref: `${imageOf('kubernetes-mcp-server')}-missing` } },
  }),
  kubernetesServer('changed', {
    extensions: { toolContract: { mode: 'Pin', digest: `sha256:${'0'.repeat(64)}` } },
  }),
];

/** What waits for minutes waits for a second. */
function withoutWaiting(rules: string): string {
  return rules.replaceAll(/for: \d+m/g, 'for: 1s');
}

/** In place of the gateways, what they say: each of another server, ten calls more a second; and one who makes up a server. */
function exporter(namespace: string): readonly object[] {
  const names = { contour: 'healthy', 'envoy-gateway': 'mute', 'traefik-3.6': 'stuck', 'traefik-3.7': 'changed' };
  const samples = Object.entries(names).map(([gateway, name]) =>
    gatewaySamples[gateway]?.({ namespace, name, answered: 10, failed: 1 }),
  );
  const madeUp = 'mcpserver_condition_info{namespace="made-up",name="x",type="Verified",status="False",reason="x"} 1\n';
  const script = `const text = ${JSON.stringify(samples.join(''))}, started = Date.now();
    require('node:http').createServer((_, response) => {
      const seconds = 1 + (Date.now() - started) / 1000;
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      response.end(text.replace(/ ([0-9.]+)$/gm, (_, count) => ' ' + count * seconds) + ${JSON.stringify(madeUp)});
    }).listen(9090);`;
  return [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'gateways', labels: { app: 'gateways' } },
      spec: {
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            ...{ name: 'node', image: imageOf('mcp-client'), command: [node, '-e', script] },
            ports: [{ name: 'metrics', containerPort: 9090 }],
          },
        ],
      },
    },
    {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PodMonitor',
      metadata: { name: 'gateways', labels: selected },
      spec: {
        selector: { matchLabels: { app: 'gateways' } },
        podMetricsEndpoints: [{ port: 'metrics', interval: '1s' }],
      },
    },
  ];
}
