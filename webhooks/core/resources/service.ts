import { PORT_NAME, selectorLabels } from '../mcpserver/names.ts';
import { childMetadata } from './child-metadata.ts';
import type { ExpandedKind } from './expanded-kind.ts';

export const service: ExpandedKind = {
  apiVersion: 'v1',
  kind: 'Service',
  plural: 'services',
  summary: 'Gives the pods of the server one address inside the cluster.',
  requirement: 'required',
  wanted: 'always',
  unavailable: { reason: 'ServiceUnavailable', order: 2, eventAction: 'ServiceReconcileFailed' },
  build: ({ server }) => [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: childMetadata(server),
      spec: {
        type: 'ClusterIP',
        selector: selectorLabels(server),
        // By name: while a new port rolls out, each pod is reached at its own.
        ports: [{ name: PORT_NAME, port: server.spec.config.port, targetPort: PORT_NAME, protocol: 'TCP' }],
        // A session lives in one pod unless the server says that it keeps none.
        sessionAffinity: server.spec.mcp?.stateless === true ? 'None' : 'ClientIP',
      },
    },
  ],
};
