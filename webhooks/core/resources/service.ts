import { PORT_NAME, selectorLabels } from '../mcpserver/names.ts';
import { present } from '../mcpserver/record.ts';
import type { Fields } from '../mcpserver/record.ts';
import { childMetadata } from './child-metadata.ts';
import type { ExpandedKind, ExpansionInput } from './expanded-kind.ts';
import { appProtocolOf, asAnnouncedService } from './gateway-announcement.ts';

/**
 * Names of the ports, the newest last: a port that was there keeps a name that was there, whichever it is. Endpoints go by
 * names, and those of a new one come a moment later.
 */
function nameOf(at: number): string {
  if (at === 0) return PORT_NAME;
  return at === 1 ? `${PORT_NAME}-next` : `${PORT_NAME}-next-${at}`;
}

/** To a port of the pods by its name: while a new one rolls out, each pod is reached at its own, whatever a client has called. */
function portsOf(input: ExpansionInput): readonly Fields[] {
  const { server, formerPorts = [] } = input;
  const appProtocol = appProtocolOf(input);
  const to = { targetPort: PORT_NAME, protocol: 'TCP', ...present({ appProtocol }) };
  return [...formerPorts, server.spec.config.port].map((number, at) => ({ name: nameOf(at), port: number, ...to }));
}

export const service: ExpandedKind = {
  apiVersion: 'v1',
  kind: 'Service',
  plural: 'services',
  summary: 'Gives the pods of the server one address inside the cluster.',
  requirement: 'required',
  wanted: 'always',
  unavailable: { reason: 'ServiceUnavailable', order: 2, eventAction: 'ServiceReconcileFailed' },
  build: (input) => [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: asAnnouncedService(childMetadata(input.server), input),
      spec: {
        type: 'ClusterIP',
        selector: selectorLabels(input.server),
        ports: portsOf(input),
        // A session lives in one pod unless the server says that it keeps none.
        sessionAffinity: input.server.spec.mcp?.stateless === true ? 'None' : 'ClientIP',
      },
    },
  ],
};
