import { generatedHeader, type Generator } from './generator.ts';

/** One panel of the dashboard for the platform team. */
export interface Panel {
  readonly title: string;
  /** Each with what its series are called, as Grafana fills it in. */
  readonly queries: readonly (readonly [expression: string, legend: string])[];
  /** Of Grafana: https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts */
  readonly unit: 'short' | 's' | 'bytes' | 'percentunit' | 'reqps' | 'd';
}

/** Of `program`, because process metrics are everybody's. */
const ours = 'program=~"webhook|reconciler"';

/** In the order in which one looks: does admission answer, does somebody reconcile, what does it cost. */
export const panels: readonly Panel[] = [
  { title: 'Ready webhooks', unit: 'short', queries: [['sum(mcp_lifecycle_webhook_ready)', 'ready']] },
  { title: 'Leaders', unit: 'short', queries: [['sum(mcp_lifecycle_leader)', 'leaders']] },
  {
    title: 'Servers',
    unit: 'short',
    queries: [
      ['sum(mcp_lifecycle_servers)', 'all'],
      ['sum(mcp_lifecycle_queue_depth)', 'waiting to be reconciled'],
      ['sum(mcp_lifecycle_servers_with_failing_writes)', 'with failing writes'],
    ],
  },
  {
    title: 'Days that certificates are valid',
    unit: 'd',
    queries: [['min by (certificate) (mcp_lifecycle_certificate_remaining_seconds) / 86400', '{{certificate}}']],
  },
  {
    title: 'Admission requests',
    unit: 'reqps',
    queries: [
      [
        'sum by (webhook, decision) (rate(mcp_lifecycle_admission_duration_seconds_count[5m]))',
        '{{webhook}} {{decision}}',
      ],
    ],
  },
  {
    title: 'Admission, 99th percentile',
    unit: 's',
    queries: [
      [
        'histogram_quantile(0.99, sum by (le, webhook) (rate(mcp_lifecycle_admission_duration_seconds_bucket[5m])))',
        '{{webhook}}',
      ],
    ],
  },
  {
    title: 'Requests that were not judged',
    unit: 'reqps',
    queries: [
      ['sum by (reason) (rate(mcp_lifecycle_admission_shed_total[5m]))', 'turned away: {{reason}}'],
      ['sum(rate(mcp_lifecycle_admission_aborted_total[5m]))', 'callers that hung up'],
      ['sum by (webhook) (rate(mcp_lifecycle_admission_internal_errors_total[5m]))', 'bugs: {{webhook}}'],
    ],
  },
  {
    title: 'Objects that servers name, by what is known of them',
    unit: 'reqps',
    queries: [['sum by (result) (rate(mcp_lifecycle_admission_look_ups_total[5m]))', '{{result}}']],
  },
  {
    title: 'Servers in which a rule finds something',
    unit: 'short',
    queries: [['sum by (rule, action) (mcp_lifecycle_servers_with_findings)', '{{rule}} {{action}}']],
  },
  {
    title: 'Reconciling, 99th percentile',
    unit: 's',
    queries: [
      [
        'histogram_quantile(0.99, sum by (le, outcome) (rate(mcp_lifecycle_reconcile_duration_seconds_bucket[5m])))',
        '{{outcome}}',
      ],
    ],
  },
  {
    title: 'Requests to the API server',
    unit: 'reqps',
    queries: [
      [
        'sum by (program, method, result) (rate(mcp_lifecycle_api_requests_total[5m]))',
        '{{program}} {{method}} {{result}}',
      ],
    ],
  },
  {
    title: 'Seconds since a watch gave a sign of life',
    unit: 's',
    queries: [['max by (watch) (mcp_lifecycle_watch_seconds_since_last_event)', '{{watch}}']],
  },
  {
    title: 'Memory',
    unit: 'bytes',
    queries: [[`process_resident_memory_bytes{${ours}}`, '{{pod}} {{program}}']],
  },
  {
    title: 'Processors',
    unit: 'short',
    queries: [[`rate(process_cpu_seconds_total{${ours}}[5m])`, '{{pod}} {{program}}']],
  },
  {
    title: 'Delay of the event loop, and stalls',
    unit: 's',
    queries: [
      [`nodejs_eventloop_lag_p99_seconds{${ours}}`, '{{pod}} {{program}}'],
      [
        'sum by (pod, program) (increase(mcp_lifecycle_event_loop_stalls_total[1h]))',
        'stalls in an hour: {{pod}} {{program}}',
      ],
    ],
  },
];

const [columns, width, height] = [3, 8, 7];
const datasource = { type: 'prometheus', uid: '${datasource}' };

/** chart/dashboard.json: what Grafana imports, and what `dashboard.enabled` brings as a ConfigMap. */
export const dashboard: Generator = {
  name: 'dashboard',
  generate() {
    const content = {
      description: generatedHeader('', 'scripts/generate/dashboard.ts').trim(),
      uid: 'mcp-lifecycle',
      title: 'mcp-lifecycle',
      tags: ['mcp-lifecycle'],
      schemaVersion: 39,
      editable: true,
      refresh: '1m',
      time: { from: 'now-6h', to: 'now' },
      templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus' }] },
      panels: panels.map(({ title, unit, queries }, index) => ({
        id: index + 1,
        type: 'timeseries',
        title,
        datasource,
        gridPos: { h: height, w: width, x: (index % columns) * width, y: Math.floor(index / columns) * height },
        fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
        targets: queries.map(([expr, legendFormat], at) => ({
          ...{ refId: String.fromCharCode(65 + at), datasource, expr, legendFormat },
        })),
      })),
    };
    return Promise.resolve([{ path: 'chart/dashboard.json', content: `${JSON.stringify(content, null, 2)}\n` }]);
  },
};
