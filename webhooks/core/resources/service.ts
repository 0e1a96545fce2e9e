import { PORT_NAME, selectorLabels } from '../mcpserver/names.ts';
import type { Fields } from '../mcpserver/record.ts';
import { childMetadata } from './child-metadata.ts';
import type { ExpandedKind } from './expanded-kind.ts';

/** Name of a new port while the former one is there; endpoints go by names, so that one keeps its own until it goes. */
const NEXT_PORT_NAME = `${PORT_NAME}-next`;

/** To a port of the pods by its name: while a new one rolls out, each pod is reached at its own, whatever a client has called. */
function portsOf(port: number, formerPort: number | undefined): readonly Fields[] {
  const to = { targetPort: PORT_NAME, protocol: 'TCP' };
  return formerPort === undefined
    ? [{ name: PORT_NAME, port, ...to }]
    : [
        { name: PORT_NAME, port: formerPort, ...to },
        { name: NEXT_PORT_NAME, port, ...to },
      ];
}

export const service: ExpandedKind = {
  apiVersion: 'v1',
  kind: 'Service',
  plural: 'services',
  summary: 'Gives the pods of the server one address inside the cluster.',
  requirement: 'required',
  wanted: 'always',
  unavailable: { reason: 'ServiceUnavailable', order: 2, eventAction: 'ServiceReconcileFailed' },
  build: ({ server, formerPort }) => [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: childMetadata(server),
      spec: {
        type: 'ClusterIP',
        selector: selectorLabels(server),
        ports: portsOf(server.spec.config.port, formerPort),
        // A session lives in one pod unless the server says that it keeps none.
        sessionAffinity: server.spec.mcp?.stateless === true ? 'None' : 'ClientIP',
      },
    },
  ],
};
