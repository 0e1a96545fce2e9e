import { selectorLabels } from '../../../webhooks/core/mcpserver/names.ts';
import { childMetadata } from '../../../webhooks/core/resources/child-metadata.ts';
import type { ExpandedKind } from '../../../webhooks/core/resources/expanded-kind.ts';
import { expandedKinds as ours } from '../../../webhooks/core/resources/index.gen.ts';
import type { MCPServer } from '../../../webhooks/core/mcpserver/types.gen.ts';

interface TrialKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly spec: (server: MCPServer) => object;
}

/** As other projects would be served; each server has one of each. */
const trials: readonly TrialKind[] = [
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    plural: 'httproutes',
    spec: ({ metadata: { name }, spec: { config } }) => ({
      parentRefs: [{ name: 'gateway', namespace: 'gateways' }],
      hostnames: [`${name}.example.com`],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/mcp' } }],
          backendRefs: [{ name, port: config.port }],
          timeouts: { request: '0s' },
        },
      ],
    }),
  },
  {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    plural: 'scaledobjects',
    spec: ({ metadata: { name } }) => ({
      scaleTargetRef: { name },
      minReplicaCount: 0,
      maxReplicaCount: 5,
      triggers: [
        {
          type: 'prometheus',
          metadata: { serverAddress: 'http://prometheus.monitoring:9090', query: `sum(up{pod=~"${name}-.*"})` },
        },
      ],
    }),
  },
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    plural: 'poddisruptionbudgets',
    spec: (server) => ({ maxUnavailable: 1, selector: { matchLabels: selectorLabels(server) } }),
  },
  {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    plural: 'horizontalpodautoscalers',
    spec: ({ metadata: { name } }) => ({
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      maxReplicas: 5,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ],
    }),
  },
];

const toExpandedKind = ({ spec, ...api }: TrialKind, index: number): ExpandedKind => ({
  ...api,
  summary: 'Is there for the measurement only.',
  requirement: 'required',
  wanted: 'sometimes',
  unavailable: {
    reason: `${api.kind}Unavailable`,
    order: 100 + index,
    eventAction: `${api.kind}ReconcileFailed`,
  },
  build: ({ server }) => [
    { apiVersion: api.apiVersion, kind: api.kind, metadata: childMetadata(server), spec: spec(server) },
  ],
});

/** Some of the trials are kinds of ours by now, which only a server has that asks for them: here each has them. */
const others = ours.filter(({ kind }) => !trials.some((trial) => trial.kind === kind));

/** What the bundle that is measured has in place of webhooks/core/resources/index.gen.ts: those, and more. */
export const expandedKinds: readonly ExpandedKind[] = [...others, ...trials.map(toExpandedKind)];
