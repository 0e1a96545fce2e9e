import { API } from '../mcpserver/api.ts';
import { autoscalingOf, mayKeepSessions, metricsToScaleBy } from '../mcpserver/autoscaling.ts';
import { ownValue } from '../mcpserver/record.ts';
import type { AutoscalingSettings, MCPServer } from '../mcpserver/types.gen.ts';
import { childMetadata } from './child-metadata.ts';
import { compact } from './compact.ts';
import type { ExpandedKind, Trouble } from './expanded-kind.ts';
import { textIn } from './raw-fields.ts';

/**
 * Pods that may keep sessions go when nothing has asked for them for so long, in seconds: as long as a session of the bridge
 * may be idle. Kubernetes' own are 300.
 */
const sessionWindowSeconds = 1_800;

/**
 * Its target is the MCPServer, whose scale moves the Deployment: nobody fights over the number.
 * https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
 */
export const horizontalPodAutoscaler: ExpandedKind = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  summary: 'Sets how many replicas the server has, by what its pods have to do.',
  requirement: {
    feature: 'autoscaling',
    install: 'have the API server serve autoscaling/v2, which each Kubernetes has',
    asking: {
      condition: 'Autoscaled',
      path: ['spec', 'extensions', 'autoscaling'],
      isAskedFor: (server) => autoscalingOf(server) !== undefined,
      caveat: (server) =>
        isStopped(server)
          ? 'it leaves a server alone that was stopped (spec.runtime.replicas: 0): scale it to 1 to start it'
          : undefined,
      hintOnRefusal: (server) =>
        autoscalingOf(server)?.minReplicas === 0
          ? 'if it is about minReplicas, this cluster scales nothing to zero (HPAScaleToZero, on by default since Kubernetes 1.37): set it to 1, or scale by KEDA'
          : undefined,
    },
  },
  wanted: 'sometimes',
  unavailable: {
    reason: 'HorizontalPodAutoscalerUnavailable',
    order: 20,
    eventAction: 'HorizontalPodAutoscalerReconcileFailed',
  },
  trouble: { reason: 'NotScaling', eventAction: 'AutoscalingCheck', read: readTrouble, remedyOf },
  build({ server }) {
    const autoscaling = autoscalingOf(server);
    if (autoscaling === undefined) return [];
    const { name } = server.metadata;
    return [
      {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: childMetadata(server),
        spec: {
          scaleTargetRef: { apiVersion: API.apiVersion, kind: API.kind, name },
          minReplicas: autoscaling.minReplicas ?? 1,
          maxReplicas: autoscaling.maxReplicas,
          metrics: metricsToScaleBy(autoscaling).map((metric) => compact({ ...metric })),
          ...compact({ behavior: behaviorOf(server, autoscaling) }),
        },
      },
    ];
  },
};

/** By hand, or with a manifest: an autoscaler that may not go to zero itself has no say then. */
function isStopped(server: MCPServer): boolean {
  return server.spec.runtime?.replicas === 0 && autoscalingOf(server)?.minReplicas !== 0;
}

function behaviorOf(server: MCPServer, { behavior }: AutoscalingSettings): AutoscalingSettings['behavior'] {
  if (!mayKeepSessions(server)) return behavior;
  const scaleDown = { stabilizationWindowSeconds: sessionWindowSeconds, ...behavior?.scaleDown };
  return { ...behavior, scaleDown };
}

/** Types of its conditions that are False while it does nothing, the first one first. */
const working = ['AbleToScale', 'ScalingActive'];

/** A server that was stopped is no trouble: its author wants it so. */
const asWanted = 'ScalingDisabled';

function readTrouble(object: unknown): Trouble | undefined {
  const conditions = ownValue(ownValue(object, 'status'), 'conditions');
  if (!Array.isArray(conditions)) return undefined;
  for (const type of working) {
    const found: unknown = conditions.find((one: unknown) => ownValue(one, 'type') === type);
    if (ownValue(found, 'status') !== 'False' || ownValue(found, 'reason') === asWanted) continue;
    return {
      cause: textIn(found, 'reason'),
      message: textIn(found, 'message'),
      since: textIn(found, 'lastTransitionTime'),
    };
  }
  return undefined;
}

const noMetricsServer =
  'pods are measured by metrics-server (does kubectl top pods answer?), and in per cent of what each of their containers requests';

/** By the reason of its condition: https://github.com/kubernetes/kubernetes/blob/v1.35.4/pkg/controller/podautoscaler/horizontal.go */
const remedies: ReadonlyMap<string, string> = new Map([
  ['FailedGetResourceMetric', noMetricsServer],
  ['FailedGetContainerResourceMetric', noMetricsServer],
  ['FailedGetPodsMetric', 'have an adapter serve the metric in custom.metrics.k8s.io'],
  ['FailedGetObjectMetric', 'have an adapter serve the metric in custom.metrics.k8s.io'],
  ['FailedGetExternalMetric', 'have an adapter serve the metric in external.metrics.k8s.io'],
  ['FailedUpdateScale', 'if a policy limits replicas, lower maxReplicas to what it allows'],
  ['AmbiguousSelector', 'another autoscaler selects the same pods: remove it'],
]);

function remedyOf({ cause }: Trouble): string | undefined {
  return remedies.get(cause);
}
