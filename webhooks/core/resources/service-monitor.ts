import { PORT_NAME, selectorLabels } from '../mcpserver/names.ts';
import { childMetadata } from './child-metadata.ts';
import type { ExpandedKind } from './expanded-kind.ts';
import { metricsOf, metricsPortName, monitoringApi, scrapeSettings } from './metrics-endpoint.ts';

/** https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor */
export const serviceMonitor: ExpandedKind = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'ServiceMonitor',
  plural: 'servicemonitors',
  summary: 'The same through the Service, for a Prometheus that selects ServiceMonitors only.',
  requirement: monitoringApi('ServiceMonitor'),
  wanted: 'sometimes',
  unavailable: { reason: 'ServiceMonitorUnavailable', order: 11, eventAction: 'ServiceMonitorReconcileFailed' },
  build(input) {
    const { server } = input;
    const metrics = metricsOf(server, 'ServiceMonitor');
    if (metrics === undefined) return [];
    const name = metricsPortName(server);
    // A port of its own is in no Service: Prometheus finds it among the ports of the pods behind it.
    const port = name === PORT_NAME ? { port: name } : { targetPort: name };
    return [
      {
        apiVersion: 'monitoring.coreos.com/v1',
        kind: 'ServiceMonitor',
        metadata: childMetadata(server, metrics.labels),
        spec: {
          selector: { matchLabels: selectorLabels(server) },
          endpoints: [{ ...port, ...scrapeSettings(input, metrics) }],
        },
      },
    ];
  },
};
