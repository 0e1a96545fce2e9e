import { isOfKuadrant, settingIn } from '../mcpserver/gateway.ts';
import { gatewayBindingName, namespaceOf, pathOf, PREFIX_LABEL } from '../mcpserver/names.ts';
import { isRecord, present } from '../mcpserver/record.ts';
import { childMetadata } from './child-metadata.ts';
import type { ExpandedKind } from './expanded-kind.ts';
import { gatewayAsking } from './gateway-asking.ts';
import { httpRoute, isUnsaid, REGISTRATION_KIND } from './http-route.ts';
import { prefixAsRead, readServerRegistration } from './registration.ts';

/** Of releases that serve both it is the one that is stored; the one before it has the same fields. */
const apiVersion = 'mcp.kuadrant.io/v1';

/** https://docs.kuadrant.io/mcp-gateway: has its broker offer the tools of the server that a route leads to. */
export const mcpServerRegistration: ExpandedKind = {
  apiVersion,
  kind: REGISTRATION_KIND,
  plural: 'mcpserverregistrations',
  summary: 'Has the MCP gateway of Kuadrant offer the tools of the server, each behind its prefix.',
  requirement: {
    feature: 'gateway.kuadrant',
    olderVersions: ['mcp.kuadrant.io/v1alpha1'],
    install: 'install the MCP gateway of Kuadrant (mcp.kuadrant.io)',
    asking: { ...gatewayAsking, path: ['spec', 'gateway', 'provider'], isAskedFor: isOfKuadrant },
    beside: httpRoute.kind,
  },
  wanted: 'sometimes',
  reads: ['mcpgatewayextensions'],
  unavailable: {
    reason: 'MCPServerRegistrationUnavailable',
    order: 6,
    eventAction: 'MCPServerRegistrationReconcileFailed',
  },
  registration: readServerRegistration,
  isUndecided: (input) => isOfKuadrant(input.server) && isUnsaid(input),
  // Its controller takes no other prefix for one that is there.
  isAnother: ({ spec }, { prefix }) =>
    isRecord(spec) && typeof spec['prefix'] === 'string' && prefixAsRead(spec['prefix']) !== prefix,
  build({ server, gateway, served }) {
    if (!isOfKuadrant(server)) return [];
    const name = gatewayBindingName(server);
    const mark = gateway?.get(PREFIX_LABEL);
    const labels = mark === undefined ? {} : { [PREFIX_LABEL]: mark };
    return [
      {
        apiVersion,
        kind: REGISTRATION_KIND,
        metadata: { ...childMetadata(server, labels), name },
        spec: present({
          targetRef: { group: 'gateway.networking.k8s.io', kind: httpRoute.kind, name, namespace: namespaceOf(server) },
          path: served?.path ?? pathOf(server),
          prefix: settingIn(gateway, 'prefix'),
          state: 'Enabled',
        }),
      },
    ];
  },
};
