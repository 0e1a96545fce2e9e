const text = { type: 'string' };
const secretKey = { type: 'object', required: ['key'], properties: { name: text, key: text } };

/**
 * PodMonitors as the Prometheus operator defines them, of whose many settings the ones that we write:
 * https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMonitor
 */
export const podMonitorCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'podmonitors.monitoring.coreos.com' },
  spec: {
    group: 'monitoring.coreos.com',
    names: {
      kind: 'PodMonitor',
      listKind: 'PodMonitorList',
      plural: 'podmonitors',
      singular: 'podmonitor',
      shortNames: ['pmon'],
    },
    scope: 'Namespaced',
    versions: [
      {
        ...{ name: 'v1', served: true, storage: true },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            required: ['spec'],
            properties: {
              ...{ apiVersion: text, kind: text, metadata: { type: 'object' } },
              spec: {
                type: 'object',
                required: ['selector'],
                properties: {
                  selector: {
                    type: 'object',
                    'x-kubernetes-map-type': 'atomic',
                    properties: { matchLabels: { type: 'object', additionalProperties: text } },
                  },
                  podMetricsEndpoints: {
                    type: 'array',
                    items: {
                      type: 'object',
                      properties: {
                        ...{ port: text, path: text },
                        scheme: { type: 'string', enum: ['http', 'https', 'HTTP', 'HTTPS'] },
                        interval: {
                          type: 'string',
                          pattern:
                            '^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$',
                        },
                        tlsConfig: {
                          type: 'object',
                          properties: {
                            ca: { type: 'object', properties: { secret: secretKey } },
                            ...{ insecureSkipVerify: { type: 'boolean' }, serverName: text },
                          },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
};
