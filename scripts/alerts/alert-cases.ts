import type { Alert } from './alerts.ts';

/** Values of a series, one a minute, as promtool writes them: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/ */
type Series = Readonly<Record<string, string>>;

/** What makes one alert fire, and what is nearly that and must not. */
export interface AlertCase {
  readonly alert: string;
  readonly fires: Series;
  readonly quiet: Series;
  /** When both are looked at; default an hour after the first value. */
  readonly at?: string;
  /** Labels that the alert has then, besides its severity. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Where the summary tells it. */
  readonly value?: string;
}

const replica = 'namespace="mcp-lifecycle-system",pod="a"';
const other = 'namespace="mcp-lifecycle-system",pod="b"';
const duration = 'mcp_lifecycle_admission_duration_seconds';
const validating = 'name="validate.mcpservers.mcp.x-k8s.io"';

export const alertCases: readonly AlertCase[] = [
  {
    alert: 'MCPLifecycleAbsent',
    fires: { 'mcp_lifecycle_webhook_ready{pod="a"}': '1x20 stale' },
    quiet: { 'mcp_lifecycle_webhook_ready{pod="a"}': '0x90' },
  },
  {
    alert: 'MCPLifecycleAdmissionDown',
    fires: { [`mcp_lifecycle_webhook_ready{${replica}}`]: '0x90', [`mcp_lifecycle_webhook_ready{${other}}`]: '0x90' },
    quiet: { [`mcp_lifecycle_webhook_ready{${replica}}`]: '0x90', [`mcp_lifecycle_webhook_ready{${other}}`]: '1x90' },
  },
  {
    alert: 'MCPLifecycleReplicaNotReady',
    fires: { [`mcp_lifecycle_webhook_ready{${replica}}`]: '0x90', [`mcp_lifecycle_webhook_ready{${other}}`]: '1x90' },
    quiet: { [`mcp_lifecycle_webhook_ready{${replica}}`]: '1x57 0x40' },
    labels: { namespace: 'mcp-lifecycle-system', pod: 'a' },
  },
  {
    alert: 'MCPLifecycleAdmissionSlow',
    fires: {
      [`${duration}_bucket{webhook="validate",le="1"}`]: '0+90x90',
      [`${duration}_bucket{webhook="validate",le="2.5"}`]: '0+100x90',
      [`${duration}_bucket{webhook="validate",le="+Inf"}`]: '0+100x90',
    },
    quiet: {
      [`${duration}_bucket{webhook="validate",le="1"}`]: '0+100x90',
      [`${duration}_bucket{webhook="validate",le="2.5"}`]: '0+100x90',
      [`${duration}_bucket{webhook="validate",le="+Inf"}`]: '0+100x90',
    },
    labels: { webhook: 'validate' },
  },
  {
    alert: 'MCPLifecycleAdmissionErrors',
    fires: {
      [`${duration}_count{webhook="mutate",decision="errored"}`]: '0+2x90',
      [`${duration}_count{webhook="mutate",decision="patched"}`]: '0+100x90',
    },
    quiet: {
      [`${duration}_count{webhook="mutate",decision="errored"}`]: '0+1x90',
      [`${duration}_count{webhook="mutate",decision="patched"}`]: '0+100x90',
    },
    labels: { webhook: 'mutate' },
  },
  {
    alert: 'MCPLifecycleAdmissionOverloaded',
    fires: {
      'mcp_lifecycle_admission_shed_total{reason="full"}': '0+1x90',
      mcp_lifecycle_admission_aborted_total: '0x90',
    },
    quiet: {
      'mcp_lifecycle_admission_shed_total{reason="full"}': '0x90',
      'mcp_lifecycle_admission_shed_total{reason="client certificate"}': '0+10x90',
      mcp_lifecycle_admission_aborted_total: '0x90',
    },
  },
  {
    alert: 'MCPLifecycleReferencesNotChecked',
    fires: { 'mcp_lifecycle_admission_look_ups_total{result="timeout"}': '0+1x90' },
    quiet: { 'mcp_lifecycle_admission_look_ups_total{result="missing"}': '0+9x90' },
    labels: { result: 'timeout' },
  },
  {
    alert: 'MCPLifecycleWebhookSkipped',
    fires: { [`apiserver_admission_webhook_fail_open_count{${validating},type="validating"}`]: '_x50 50x40' },
    quiet: { 'apiserver_admission_webhook_fail_open_count{name="validate.other.io",type="validating"}': '0+1x90' },
    labels: { name: 'validate.mcpservers.mcp.x-k8s.io' },
  },
  {
    alert: 'MCPLifecycleWebhookCallsFail',
    fires: {
      // API servers begin to count with the first one.
      [`apiserver_admission_webhook_rejection_count{${validating},error_type="calling_webhook_error"}`]: '_x50 50x40',
    },
    quiet: { [`apiserver_admission_webhook_rejection_count{${validating},error_type="no_error"}`]: '0+1x90' },
    labels: { name: 'validate.mcpservers.mcp.x-k8s.io' },
  },
  {
    alert: 'MCPLifecycleWebhookConfigurationChanged',
    fires: {
      'mcp_lifecycle_webhook_configuration_foreign_changes_total{configuration="validating",change="ca-bundle"}':
        '0x50 1x40',
    },
    quiet: {
      'mcp_lifecycle_webhook_configuration_foreign_changes_total{configuration="validating",change="ca-bundle"}':
        '1x90',
    },
    labels: { configuration: 'validating', change: 'ca-bundle' },
  },
  {
    alert: 'MCPLifecycleCertificateNotRenewed',
    fires: { 'mcp_lifecycle_certificate_remaining_ratio{certificate="serving"}': '0.19x90' },
    quiet: {
      'mcp_lifecycle_certificate_remaining_ratio{certificate="serving"}': '0.3x90',
      'mcp_lifecycle_certificate_remaining_ratio{certificate="ca"}': '0.1x90',
    },
    labels: { certificate: 'serving' },
  },
  {
    alert: 'MCPLifecycleCertificateExpires',
    fires: {
      'mcp_lifecycle_certificate_remaining_ratio{certificate="serving"}': '0.3x90',
      'mcp_lifecycle_certificate_remaining_seconds{certificate="ca"}': '500000x90',
    },
    quiet: {
      'mcp_lifecycle_certificate_remaining_ratio{certificate="serving"}': '0.1x90',
      'mcp_lifecycle_certificate_remaining_seconds{certificate="ca"}': '9000000x90',
    },
    labels: { certificate: 'ca' },
  },
  {
    alert: 'MCPLifecycleCARotationStuck',
    fires: { 'mcp_lifecycle_ca_rotation_phase{phase="confirming"}': '1x500' },
    quiet: { 'mcp_lifecycle_ca_rotation_phase{phase="none"}': '1x500' },
    at: '7h',
  },
  {
    alert: 'MCPLifecycleNoLeader',
    fires: { 'mcp_lifecycle_leader{pod="a"}': '0x90', 'mcp_lifecycle_leader{pod="b"}': '0x90' },
    quiet: { 'mcp_lifecycle_leader{pod="a"}': '1x30 0x60', 'mcp_lifecycle_leader{pod="b"}': '0x30 1x60' },
  },
  {
    alert: 'MCPLifecycleWatchStale',
    fires: { 'mcp_lifecycle_watch_seconds_since_last_event{watch="mcpservers"}': '0+60x90' },
    quiet: { 'mcp_lifecycle_watch_seconds_since_last_event{watch="mcpservers"}': '140x90' },
    labels: { watch: 'mcpservers' },
  },
  {
    alert: 'MCPLifecycleQueueStuck',
    fires: { mcp_lifecycle_queue_depth: '101x90' },
    // A new leader finds them all in its queue.
    quiet: { mcp_lifecycle_queue_depth: '_x50 1000x40' },
  },
  {
    alert: 'MCPLifecycleWritesFail',
    fires: { 'mcp_lifecycle_servers_with_failing_writes{what="Service"}': '2x90' },
    quiet: { 'mcp_lifecycle_servers_with_failing_writes{what="Service"}': '0x90' },
    labels: { what: 'Service' },
    value: '2',
  },
  {
    alert: 'MCPLifecycleAPIServerFails',
    fires: {
      'mcp_lifecycle_api_requests_total{program="reconciler",method="GET",result="unanswered"}': '0+20x90',
      'mcp_lifecycle_api_requests_total{program="reconciler",method="GET",result="ok"}': '0+100x90',
    },
    quiet: {
      'mcp_lifecycle_api_requests_total{program="reconciler",method="GET",result="refused"}': '0+90x90',
      'mcp_lifecycle_api_requests_total{program="reconciler",method="GET",result="failed"}': '0+1x90',
    },
    labels: { program: 'reconciler' },
  },
  {
    alert: 'MCPLifecyclePolicyUnusable',
    fires: { 'mcp_lifecycle_policy_origin{program="webhook",origin="last-good"}': '1x90' },
    quiet: {
      'mcp_lifecycle_policy_origin{program="webhook",origin="last-good"}': '0x90',
      'mcp_lifecycle_policy_origin{program="webhook",origin="configured"}': '1x90',
    },
    labels: { program: 'webhook', origin: 'last-good' },
  },
  {
    alert: 'MCPLifecycleStoredViolations',
    fires: { 'mcp_lifecycle_servers_with_findings{rule="privileged",action="deny"}': '3x90' },
    quiet: { 'mcp_lifecycle_servers_with_findings{rule="privileged",action="warn"}': '3x90' },
    at: '70m',
    labels: { rule: 'privileged' },
    value: '3',
  },
  {
    alert: 'MCPLifecycleNetworkPoliciesNotEnforced',
    fires: { 'mcp_lifecycle_network_policies_info{outcome="NotEnforced",pod="a"}': '1x90' },
    quiet: {
      'mcp_lifecycle_network_policies_info{outcome="NotEnforced",pod="a"}': '1x30 stale',
      'mcp_lifecycle_network_policies_info{outcome="Enforced",pod="b"}': '1x90',
    },
  },
  {
    alert: 'MCPLifecycleBug',
    fires: { 'mcp_lifecycle_unexpected_errors_total{program="webhook",origin="rejection"}': '0x50 1x40' },
    quiet: {
      'mcp_lifecycle_unexpected_errors_total{program="webhook",origin="rejection"}': '1x90',
      'mcp_lifecycle_admission_internal_errors_total{program="webhook",webhook="validate"}': '0x90',
      'mcp_lifecycle_watch_failed_events_total{program="reconciler",watch="mcpservers"}': '0x90',
      'mcp_lifecycle_quarantined_servers{program="reconciler"}': '0x90',
      'mcp_lifecycle_quarantined_composites{program="reconciler"}': '0x90',
    },
    labels: { program: 'webhook' },
  },
  {
    alert: 'MCPLifecycleBug',
    fires: { 'mcp_lifecycle_quarantined_servers{program="reconciler"}': '1x90' },
    quiet: { 'mcp_lifecycle_quarantined_servers{program="reconciler"}': '1x30 0x60' },
    labels: { program: 'reconciler' },
  },
  {
    alert: 'MCPLifecycleStalls',
    fires: { [`mcp_lifecycle_event_loop_stalls_total{program="webhook",${replica}}`]: '0+1x90' },
    quiet: { [`mcp_lifecycle_event_loop_stalls_total{program="webhook",${replica}}`]: '0x50 1x40' },
    labels: { program: 'webhook', namespace: 'mcp-lifecycle-system', pod: 'a' },
  },
  {
    alert: 'MCPLifecycleRestarts',
    fires: { [`process_start_time_seconds{program="webhook",${replica}}`]: '0+10x90' },
    quiet: { [`process_start_time_seconds{program="webhook",${replica}}`]: '10x30 20x60' },
    labels: { program: 'webhook', namespace: 'mcp-lifecycle-system', pod: 'a' },
  },
];

/** A file of `promtool test rules`: each case is a test in which its alert fires, and one in which it does not. */
export function toPromtoolTests(rulesFile: string, alerts: readonly Alert[]): object {
  const tests = alertCases.flatMap((one) => [
    promtoolTest(one, one.fires, [expectedAlert(one, alerts)]),
    promtoolTest(one, one.quiet, []),
  ]);
  return { rule_files: [rulesFile], evaluation_interval: '1m', tests };
}

function promtoolTest({ alert, at = '60m' }: AlertCase, series: Series, expected: readonly object[]): object {
  return {
    name: `${alert} ${expected.length === 0 ? 'is quiet' : 'fires'}`,
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: expected }],
  };
}

function expectedAlert({ alert, labels = {}, value = '' }: AlertCase, alerts: readonly Alert[]): object {
  const rule = alerts.find((one) => one.alert === alert);
  if (rule === undefined) throw new Error(`chart/alerts.yaml has no alert ${alert}`);
  const { summary, runbook } = rule.annotations;
  const told = summary
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? '')
    .replaceAll('{{ $value }}', value);
  return { exp_labels: { ...rule.labels, ...labels }, exp_annotations: { summary: told, runbook } };
}
