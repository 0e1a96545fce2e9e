import type { Registry } from 'prom-client';
import type { AnswerDecision, Operation } from '../../webhooks/admission/admission-review.ts';
import { endpoints } from '../../webhooks/admission/handler.ts';
import {
  createAdmissionMetrics,
  type BodyRefusal,
  type CertificateRole,
  type FoundInRequest,
  shedReasons,
} from '../../webhooks/admission/metrics.ts';
import { lookUpResults } from '../../webhooks/admission/look-ups.ts';
import { skipReasons } from '../../webhooks/admission/scope.ts';
import { compositeKinds } from '../../webhooks/core/composites/composite-kinds.ts';
import { changeClasses } from '../../webhooks/core/contract/compare-contracts.ts';
import { endReasons, rolloutResults, timedPhases } from '../../webhooks/core/rollout/ended.ts';
import type { Severity } from '../../webhooks/core/engine/finding.ts';
import { expandedKinds } from '../../webhooks/core/resources/index.gen.ts';
import { builtInPolicy } from '../../webhooks/core/rules/built-in-policy.ts';
import { createBridgeMetrics, operationErrors, restartReasons } from '../../webhooks/bridge/metrics.ts';
import type { ApiRequest, KubeApi } from '../../webhooks/platform/kube/api.ts';
import { countRequests, requestResults } from '../../webhooks/platform/kube/count-requests.ts';
import { createMetricsRegistry } from '../../webhooks/platform/metrics.ts';
import { registerPolicyMetrics } from '../../webhooks/platform/policy/metrics.ts';
import { networkOutcomes } from '../../webhooks/platform/network-verdict.ts';
import { fixedPolicy, policyOrigins } from '../../webhooks/platform/policy/policy-source.ts';
import type { PolicyReads } from '../../webhooks/platform/policy/policy-source.ts';
import { foreignChanges } from '../../webhooks/platform/tls/foreign-changes.ts';
import { webhookConfigurationTypes } from '../../webhooks/platform/tls/webhook-configuration.ts';
import { rotationPhases } from '../../webhooks/platform/tls/certificate-secret.ts';
import { createReconcilerMetrics } from '../../webhooks/reconciler/metrics.ts';
import { handshakeResults, phases } from '../../webhooks/reconciler/per-server-metrics.ts';
import type { WorkResult } from '../../webhooks/reconciler/queue.ts';
import { STATUS } from '../../webhooks/reconciler/setbacks.ts';
import type { LaneName } from '../../webhooks/reconciler/verify/lanes.ts';
import { readAlerts, type Alert } from '../alerts/alerts.ts';
import type { Generator } from './generator.ts';
import { generatedMarkdownHeader } from './generator.ts';

/** One metric as its program registers it. */
export interface RegisteredMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** The metrics of both containers, registered as the programs do when they start. */
export function registeredMetrics(): Readonly<
  Record<'webhook' | 'reconciler' | 'perServer' | 'bridge', readonly RegisteredMetric[]>
> {
  const webhook = createMetricsRegistry({ program: 'webhook', process: true });
  createAdmissionMetrics(webhook, {
    isReady: () => true,
    certificateLives: () => ({}),
    rotationPhase: () => 'none',
    now: () => new Date(0),
  });
  const reconciler = createMetricsRegistry({ program: 'reconciler', process: true });
  createReconcilerMetrics(reconciler);
  const bridge = createMetricsRegistry({ program: 'bridge', process: true });
  createBridgeMetrics(bridge, { sessions: () => 0, maxSessions: 0 });
  const perServer = createMetricsRegistry({ program: 'reconciler', process: false });
  createReconcilerMetrics(perServer, { perServer: true });
  for (const registry of [webhook, reconciler]) {
    registerPolicyMetrics(registry, fixedPolicy(builtInPolicy));
    countRequests(noApi, registry);
  }
  const always = metricsOf(reconciler);
  const isAlways = ({ name, labels }: RegisteredMetric): boolean =>
    always.some((one) => one.name === name && one.labels.join() === labels.join());
  return {
    webhook: metricsOf(webhook),
    reconciler: always,
    perServer: metricsOf(perServer).filter((metric) => !isAlways(metric)),
    bridge: metricsOf(bridge),
  };
}

const noApi: KubeApi = {
  request: () => Promise.reject(new Error('nobody asks')),
  watch: () => Promise.reject(new Error('nobody asks')),
};

function metricsOf(registry: Registry): readonly RegisteredMetric[] {
  // Every metric of prom-client has the label names that it was made with; its types leave them out.
  const metrics = registry.getMetricsAsArray() as unknown as readonly (Omit<RegisteredMetric, 'labels'> & {
    readonly labelNames: readonly string[];
  })[];
  return metrics.map(({ name, help, type, labelNames }) => ({ name, help, type, labels: labelNames }));
}

/** docs/reference/metrics.md: every metric of both containers, out of the code that registers them. */
export const metricsPage: Generator = {
  name: 'metrics page',
  generate() {
    const { webhook, reconciler, perServer, bridge } = registeredMetrics();
    const content = `${generatedMarkdownHeader('scripts/generate/metrics-page.ts and the metrics.ts of webhooks/admission, webhooks/reconciler, webhooks/bridge and webhooks/platform')}
# Metrics

Both containers of each pod serve \`/metrics\` in the Prometheus text format, without credentials, and without TLS unless [\`metrics.tls.enabled\`](#over-tls) is set:

| Container | Port | Port of the metrics Service |
| --- | --- | --- |
| \`webhook\` | 8080 | \`webhook\` |
| \`reconciler\` | 8082 | \`reconciler\` |

\`metrics.service.enabled\`, or \`serviceMonitor.enabled\`, makes that Service, headless, so that every pod is a target of its own; otherwise scrape the pods.
With \`networkPolicy.enabled\`, \`networkPolicy.metricsFrom\` says who may. To look once:

\`\`\`sh
holder=$(kubectl -n mcp-lifecycle-system get lease mcp-lifecycle-leader -o jsonpath='{.spec.holderIdentity}')
kubectl -n mcp-lifecycle-system port-forward "pod/\${holder%_*}" 8080 8082   # the replica that leads
curl localhost:8082/metrics                                                 # in another terminal
\`\`\`

### Over TLS

With \`metrics.tls.enabled\` both ports serve TLS alone, with the certificate of the webhooks, and take each new one without a restart; health stays as it is. The ServiceMonitor then asks
by https for \`<Service of the webhooks>.<namespace>.svc\`, and trusts \`ca.crt\` of the [certificate's Secret](../guides/certificates.md), or a ConfigMap with \`tls.caBundle\`. The Prometheus operator has to be
allowed to read it; name another one in \`metrics.tls.ca\`, as where an issuer leaves \`ca.crt\` out. While our own CA is replaced, once a year, scrapes fail until the operator and the kubelet have brought Prometheus the new one, a minute or two.
Without the operator give Prometheus that file and name:

\`\`\`yaml
scheme: https
tls_config:
  ca_file: /etc/prometheus/mcp-lifecycle/ca.crt
  server_name: mcp-lifecycle-webhook.mcp-lifecycle-system.svc
\`\`\`

\`\`\`sh
kubectl -n mcp-lifecycle-system get secret mcp-lifecycle-certificate -o jsonpath='{.data.ca\\.crt}' | base64 -d > ca.crt
curl --cacert ca.crt --connect-to ::localhost:8082 https://mcp-lifecycle-webhook.mcp-lifecycle-system.svc/metrics   # while the port is forwarded
\`\`\`

Every metric has the label \`program\` (\`webhook\`, \`reconciler\` or \`bridge\`). A histogram is a metric with \`_bucket\`, \`_sum\` and \`_count\`
after its name. Names that begin with \`mcpserver_\` are those of the reference operator.

## Container webhook

${renderTable(webhook)}

## Container reconciler

What is said about servers, queue and watches comes from the replica that leads; the others say 0, or nothing.

${renderTable(reconciler)}

### With metrics.perServer

With the value \`metrics.perServer\` of the chart the reconciler has the metrics of the reference operator with its labels. Those of the handshake are then these,
and not those above. A failure is counted when it is told, or when it is tried again; the reference operator counts each of its rounds. Series of a server are gone with it.
They are up to 19 series for each server, most of them buckets: 0.8 MiB of heap for 1,000 servers that answer, 3.2 MiB where each has met every result and failure, with 1.9 MiB of text in a scrape then.

${renderTable(perServer)}

## Container mcp-bridge

In the pods of servers that speak over stdio, at the port that \`MCP_METRICS_PORT\` of the container names; 0, the default, is none. The first is named as OpenTelemetry's conventions for MCP have it.

${renderTable(bridge)}

## What to alert on

With \`prometheusRule.enabled\` the chart brings these as a PrometheusRule, and \`serviceMonitor.enabled\` has both containers scraped: Helm refuses the upgrade until the CRDs of the Prometheus operator are there. Without the operator
\`chart/alerts.yaml\` is a file of rules as it is. The two about API servers need their metrics.

${renderAlerts(readAlerts())}

\`dashboard.enabled\` brings a dashboard for the platform team as a ConfigMap for the sidecar of Grafana; by hand \`chart/dashboard.json\` is imported. Its queries are parsed, and
its metrics and labels held against these tables, by a test; each query has found data in a real Prometheus that scraped both containers; and its JSON has the fields and values of the types that Grafana publishes. No Grafana could be had as a package
here, so it was not looked at in one, and there is no picture of it: none is drawn by hand.

About single servers, for who is asked to look at them:

| When | Because |
| --- | --- |
| \`mcp_lifecycle_rollouts_total{result=~"Rejected\\|RolledBack\\|Blocked"}\` grows | a version did not get through; what served before goes on: [safe upgrades](../guides/safe-upgrades.md) |
| \`mcp_lifecycle_composites{ready!="True"} > 0\` for minutes | an object of [mcp.v2dy.io](../guides/v2dy.md) or a [pool](../guides/pools.md) is not as it was asked for: \`mcp-lifecycle status\` says which and why |
| \`mcpserver_condition_info{type="Ready",status="False"}\` | that server does not run, or does not answer; with the ServiceMonitor only where \`serviceMonitor.serverNames\` is set |
`;
    return Promise.resolve([{ path: 'docs/reference/metrics.md', content }]);
  },
};

function renderAlerts(alerts: readonly Alert[]): string {
  const rows = alerts.map(({ alert, expr, for: duration, labels, annotations: { summary, runbook } }) => {
    const when = `\`${expr.replaceAll('|', '\\|')}\`${duration === undefined ? '' : ` for ${duration}`}`;
    const told = summary.replaceAll(/\{\{ \$(?:labels\.)?(\w+) \}\}/g, '$1');
    const page = runbook.replace(/^docs\/reference\//, '').replace(/^docs\//, '../');
    return `| \`${alert}\` | ${labels.severity} | ${when} | [${told}](${page}) |`;
  });
  return ['| Alert | Severity | When | Because |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function renderTable(metrics: readonly RegisteredMetric[]): string {
  const rows = metrics.map(({ name, type, labels, help }) => {
    const described = labels.map((label) => `\`${label}\`: ${wordsOf(name, label)}`).join('<br>');
    return `| \`${name}\` | ${type} | ${described} | ${help} |`;
  });
  return ['| Metric | Type | Labels | Meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** What a label holds; of a metric where its name alone does not tell. */
function wordsOf(metric: string, label: string): string {
  const words = labelWords[`${metric} ${label}`] ?? labelWords[label];
  if (words === undefined)
    throw new Error(`say in scripts/generate/metrics-page.ts what the label ${label} of ${metric} holds`);
  return words;
}

const labelWords: Readonly<Record<string, string>> = {
  webhook: list(endpoints),
  operation: list(namesOf<Operation>({ CREATE: true, UPDATE: true, DELETE: true, CONNECT: true })),
  decision: list(namesOf<AnswerDecision>({ allowed: true, denied: true, patched: true, errored: true })),
  'mcp_lifecycle_unexpected_errors_total origin': '`exception`, `rejection`',
  'mcp_lifecycle_policy_origin origin': list(policyOrigins),
  read: list(namesOf<keyof PolicyReads>({ taken: true, refused: true })),
  rule: 'id of the [rule](../rules/README.md)',
  'mcp_lifecycle_admission_findings_total action': list(
    namesOf<FoundInRequest['action']>({ deny: true, warn: true, audit: true, tolerated: true }),
  ),
  action: list(namesOf<Severity>({ deny: true, warn: true, audit: true })),
  'mcp_lifecycle_admission_skipped_total reason': list(skipReasons),
  'mcp_lifecycle_admission_bodies_refused_total reason': list(
    namesOf<BodyRefusal>({
      'content type': true,
      compressed: true,
      bytes: true,
      values: true,
      depth: true,
      json: true,
      review: true,
      slow: true,
    }),
  ),
  'mcp_lifecycle_admission_shed_total reason': list(shedReasons),
  'mcp_lifecycle_admission_look_ups_total result': list(lookUpResults),
  'mcp_lifecycle_api_requests_total result': list(requestResults),
  method: list(
    namesOf<ApiRequest['method'] | 'WATCH'>({
      GET: true,
      WATCH: true,
      POST: true,
      PUT: true,
      PATCH: true,
      DELETE: true,
    }),
  ),
  configuration: list(webhookConfigurationTypes),
  change: list(foreignChanges),
  certificate: list(namesOf<CertificateRole>({ serving: true, ca: true })),
  phase: list(rotationPhases),
  'mcpserver_reconcile_phase_duration_seconds phase': list(phases),
  outcome: list(namesOf<WorkResult['type'] | 'crash'>({ done: true, retry: true, again: true, crash: true })),
  'mcp_lifecycle_network_policies_info outcome': list(networkOutcomes),
  'mcp_lifecycle_rollouts_total result': list(rolloutResults),
  'mcp_lifecycle_rollouts_total reason': list(endReasons),
  'mcp_lifecycle_rollout_phase_duration_seconds phase': list(timedPhases),
  result: list(Object.values(handshakeResults)),
  what: list([...expandedKinds.map(({ kind }) => kind), STATUS]),
  failure: list(['refused', 'transient']),
  class: list(changeClasses),
  lane: list(namesOf<LaneName>({ prompt: true, slow: true })),
  name: 'of the MCPServer',
  namespace: 'of the MCPServer',
  type: 'of the condition',
  status: list(['True', 'False', 'Unknown']),
  'mcpserver_condition_info reason': 'of the condition',
  'mcpserver_validation_failures_total reason': list(['Invalid']),
  ...Object.fromEntries(
    ['deployment', 'service', 'networkpolicy'].map((kind) => [
      `mcpserver_${kind}_failures_total reason`,
      list(['ReconcileError']),
    ]),
  ),
  kind: list(['tool', 'resource', 'prompt']),
  ...Object.fromEntries(
    ['composites', 'quarantined_composites'].map((name) => [
      `mcp_lifecycle_${name} kind`,
      list(compositeKinds.map(({ kind, group }) => `${kind}.${group}`)),
    ]),
  ),
  ready: list(['True', 'False', 'Unknown']),
  mcp_method_name: 'method of the protocol; `_OTHER` for any other',
  error_type: `empty where the call succeeded; ${list(operationErrors)}`,
  'mcp_bridge_child_restarts_total reason': list(restartReasons),
  watch: 'plural of the kind, with `watchNamespaces` after its namespace and a slash; `policy`',
};

/** Every member of a union: one that is missing or too much does not compile. */
function namesOf<Union extends string>(names: Readonly<Record<Union, true>>): readonly string[] {
  return Object.keys(names);
}

function list(values: readonly string[]): string {
  return values.map((value) => `\`${value}\``).join(', ');
}
