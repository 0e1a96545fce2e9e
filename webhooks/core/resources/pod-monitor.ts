import { selectorLabels } from '../mcpserver/names.ts';
import { childMetadata } from './child-metadata.ts';
import type { ExpandedKind } from './expanded-kind.ts';
import { metricsOf, metricsPortName, monitoringApi, scrapeSettings } from './metrics-endpoint.ts';

/** https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMonitor */
export const podMonitor: ExpandedKind = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PodMonitor',
  plural: 'podmonitors',
  summary: 'Tells a Prometheus of the Prometheus operator to scrape the pods of the server.',
  requirement: monitoringApi('PodMonitor'),
  wanted: 'sometimes',
  unavailable: { reason: 'PodMonitorUnavailable', order: 10, eventAction: 'PodMonitorReconcileFailed' },
  build(input) {
    const { server } = input;
    const metrics = metricsOf(server, 'PodMonitor');
    if (metrics === undefined) return [];
    return [
      {
        apiVersion: 'monitoring.coreos.com/v1',
        kind: 'PodMonitor',
        metadata: childMetadata(server, metrics.labels),
        spec: {
          selector: { matchLabels: selectorLabels(server) },
          podMetricsEndpoints: [{ port: metricsPortName(server), ...scrapeSettings(input, metrics) }],
        },
      },
    ];
  },
};
