/** @slow the first time promtool is built, which takes minutes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { at, parseRendered, template } from '../../../scripts/chart/render.ts';
import { runCommand } from '../../../scripts/cluster/command.ts';
import { ensurePromtool } from '../../../scripts/cluster/packages/prometheus.ts';
import { resolveSettings } from '../../../scripts/cluster/settings.ts';

const hash = '799bcbf0c2317c5d1c93';
const condition = (labels: string, type: string): string =>
  `mcpserver_condition_info{${labels},type="${type}",status="${type === 'Accepted' ? 'True' : 'False'}",reason="x"}`;
const envoy = (namespace: string, cluster: string, of = 2): string =>
  `envoy_cluster_upstream_rq_xx{namespace="${namespace}",envoy_cluster_name="${cluster}",envoy_response_code_class="${of}"}`;
const traefik = (route: string, server: string, label = 'service'): string =>
  `traefik_service_requests_total{namespace="edge",code="200",${label}="httproute-${route}-gw-g-p-ep-web-0-${hash}-svc-${server}-0@kubernetesgateway"}`;
const took = (le: string): string =>
  `envoy_cluster_upstream_rq_time_bucket{namespace="gateways",envoy_cluster_name="tools_search_8080",le="${le}"}`;

/** One a second for each gateway, and 0.1 that fail. */
const series: Readonly<Record<string, string>> = {
  [condition('namespace="mcp-lifecycle-system",exported_namespace="tools",name="search"', 'Accepted')]: '1x40',
  // As a monitor has it that honours the labels of its targets.
  [condition('namespace="others",name="own"', 'Verified')]: '1x40',
  [condition('namespace="others",exported_namespace="tools",name="made-up"', 'Verified')]: '1x40',
  [condition('namespace="a-b",name="c"', 'Accepted')]: '1x40',
  [condition('namespace="a",name="b-c"', 'Accepted')]: '1x40',
  [envoy('gateways', 'tools_search_8080')]: '0+60x40',
  [envoy('gateways', 'tools_search_8080', 5)]: '0+6x40',
  [envoy('gateways', 'httproute/tools/search-gateway-binding/rule/0')]: '0+60x40',
  [envoy('others', 'tools_search_8080')]: '0+60x40',
  [envoy('gateways', 'tools_no-server_8080')]: '0+60x40',
  [traefik('tools-search-gateway-binding', 'tools-search', 'exported_service')]: '0+60x40',
  'traefik_service_requests_total{namespace="edge",code="200",service="tools-search-http-8080@kubernetesgateway"}':
    '0+60x40',
  [traefik('a-b-c-gateway-binding', 'a-b-c')]: '0+60x40',
  [traefik(`x-${hash}-svc-tools-search-0`, 'others-own')]: '0+60x40',
  [took('100')]: '0+30x40',
  [took('300')]: '0+60x40',
  [took('+Inf')]: '0+60x40',
};
const ofSearch = '{mcpserver="search", namespace="tools"}';
const expected: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'round(mcp_server:requests:rate5m, 0.001)': { [ofSearch]: 4.1 },
  'round(mcp_server:errors:rate5m, 0.001)': { [ofSearch]: 0.1 },
  'round(mcp_server:latency_seconds:p95_rate5m, 0.001)': { [ofSearch]: 0.28 },
  'count by (namespace, mcpserver) (mcp_server:condition:info{mcpserver="made-up"})': {},
  'count by (namespace, mcpserver, alertname) (ALERTS{alertstate="firing"})': {
    '{alertname="MCPServerNotVerified", mcpserver="own", namespace="others"}': 1,
  },
};

describe('the rules of the chart for owners, among gateways and targets of others', () => {
  let promtool: string;
  let folder: string;

  beforeAll(async () => {
    const { cache } = resolveSettings({}, process.env);
    promtool = await ensurePromtool(cache, (line) => process.stderr.write(`${line}\n`));
    folder = await mkdtemp(path.join(tmpdir(), 'mcp-lifecycle-rules-'));
  }, 3_600_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('count for a server what gateways say of it, and nothing that others say', async () => {
    const values = 'monitoring.rules.enabled=true,monitoring.rules.gatewayNamespaces={gateways,edge}';
    const rendered = await template('--set', values, '--show-only', 'templates/monitoring.yaml');
    const [rule] = parseRendered(rendered);
    const rules = path.join(folder, 'rules.yaml');
    await writeFile(rules, JSON.stringify(at(rule, 'spec')));
    const tests = {
      rule_files: [rules],
      evaluation_interval: '1m',
      tests: [
        {
          interval: '1m',
          input_series: Object.entries(series).map(([name, counts]) => ({ series: name, values: counts })),
          promql_expr_test: Object.entries(expected).map(([expr, samples]) => ({
            ...{ expr, eval_time: '30m' },
            exp_samples: Object.entries(samples).map(([labels, value]) => ({ labels, value })),
          })),
        },
      ],
    };
    const file = path.join(folder, 'tests.yaml');
    await writeFile(file, JSON.stringify(tests));
    const { code, stdout, stderr } = await runCommand([promtool, 'test', 'rules', file]);
    expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
  });
});
