import { denialBy } from '../engine/denial-by.ts';
import { gatewayNameOf, hostnameIn, HTTP_ROUTE_PROVIDER, PUBLISHING_RULE } from '../mcpserver/gateway.ts';
import { childName, gatewayBindingName } from '../mcpserver/names.ts';
import { present } from '../mcpserver/record.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { childMetadata } from './child-metadata.ts';
import type { ExpandedKind, ExpansionInput } from './expanded-kind.ts';
import { gatewayAsking } from './gateway-asking.ts';
import { mcpGatewayBinding } from './mcp-gateway-binding.ts';
import { isAll, PROTECTED_RESOURCE, publishedPrefixes } from './published-paths.ts';
import { readRoute } from './registration.ts';

/** https://gateway-api.sigs.k8s.io/reference/spec/#httproute */
export const httpRoute: ExpandedKind = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  plural: 'httproutes',
  summary: 'Has a Gateway of the Gateway API send calls for the server to its Service.',
  requirement: {
    feature: 'gateway.httpRoute',
    install: 'install the Gateway API (gateway.networking.k8s.io) and a controller for its Gateways',
    asking: { ...gatewayAsking, path: ['spec', 'gateway', 'provider'], isAskedFor: isRouted },
    beside: mcpGatewayBinding.kind,
  },
  wanted: 'sometimes',
  reads: ['gateways'],
  unavailable: { reason: 'HTTPRouteUnavailable', order: 5, eventAction: 'HTTPRouteReconcileFailed' },
  registration: readRoute,
  // Without its settings nobody can say where the route leads, and a policy may not allow it; what is routed stays.
  isUndecided: ({ server, gateway, verdict }) =>
    isRouted(server) &&
    (gatewayNameOf(gateway) === undefined || denialBy(PUBLISHING_RULE, verdict?.findings) !== undefined),
  build(input) {
    const { server, gateway, served } = input;
    const parent = gatewayNameOf(gateway);
    if (!isRouted(server) || parent === undefined) return [];
    const hostname = hostnameIn(gateway, 'routeHostname');
    return [
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { ...childMetadata(server), name: gatewayBindingName(server) },
        spec: present({
          parentRefs: [parent],
          hostnames: hostname === undefined ? undefined : [hostname],
          // One rule and one backend, which gateways for MCP ask for.
          rules: [
            {
              matches: matchesOf(input),
              // Of a change of the port both lead to every pod, and the endpoints of the former one are there.
              backendRefs: [{ name: childName(server), port: served?.port ?? server.spec.config.port, weight: 1 }],
              // A stream stays open for as long as client and server want: without this some gateways end it after 15 seconds.
              timeouts: { request: '0s' },
            },
          ],
        }),
      },
    ];
  },
};

function isRouted({ spec }: MCPServer): boolean {
  return spec.gateway?.provider === HTTP_ROUTE_PROVIDER;
}

/** Nothing below the bare path is taken: that is about the paths of others. */
function matchesOf(input: ExpansionInput): readonly object[] {
  const prefixes = publishedPrefixes(input);
  return [
    ...prefixes.map((value) => ({ path: { type: 'PathPrefix', value } })),
    ...(prefixes.some(isAll) ? [] : [{ path: { type: 'Exact', value: PROTECTED_RESOURCE } }]),
  ];
}
