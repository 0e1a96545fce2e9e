import { denialBy } from '../engine/denial-by.ts';
import { gatewayNameOf, hostnameIn, isOfKuadrant, isRouted, PUBLISHING_RULE, settingIn } from '../mcpserver/gateway.ts';
import { childName, gatewayBindingName } from '../mcpserver/names.ts';
import { present } from '../mcpserver/record.ts';
import { childMetadata } from './child-metadata.ts';
import type { ExpandedKind, ExpansionInput } from './expanded-kind.ts';
import { gatewayAsking } from './gateway-asking.ts';
import { mcpGatewayBinding } from './mcp-gateway-binding.ts';
import { isAll, PROTECTED_RESOURCE, publishedPrefixes } from './published-paths.ts';
import { readRoute } from './registration.ts';

/** The kind by which a route is registered at the MCP gateway of Kuadrant. */
export const REGISTRATION_KIND = 'MCPServerRegistration';

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
  isUndecided: (input) => isOurs(input) && isUnsaid(input),
  build(input) {
    const { server, gateway, served } = input;
    const parent = gatewayNameOf(gateway);
    if (!isOurs(input) || parent === undefined) return [];
    const sectionName = settingIn(gateway, 'sectionName');
    const hostname = hostnameIn(gateway, 'routeHostname');
    return [
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { ...childMetadata(server), name: gatewayBindingName(server) },
        spec: present({
          parentRefs: [present({ ...parent, sectionName: isOfKuadrant(server) ? sectionName : undefined })],
          hostnames: hostname === undefined ? undefined : [hostname],
          rules: matchesOfRules(input).map((matches) => ({
            matches,
            // Of a change of the port both lead to every pod, and the endpoints of the former one are there.
            backendRefs: [{ name: childName(server), port: served?.port ?? server.spec.config.port, weight: 1 }],
            // A stream stays open for as long as client and server want: without this some gateways end it after 15 seconds.
            timeouts: { request: '0s' },
          })),
        }),
      },
    ];
  },
};

/** Where its feature is off, the provider of Kuadrant is somebody else. */
function isOurs({ server, verdict }: ExpansionInput): boolean {
  return isRouted(server) && !(isOfKuadrant(server) && verdict?.apis.get(REGISTRATION_KIND) === 'off');
}

/** Whether nobody says at which Gateway it is published, or a policy does not let it be. */
export function isUnsaid({ gateway, verdict }: ExpansionInput): boolean {
  return gatewayNameOf(gateway) === undefined || denialBy(PUBLISHING_RULE, verdict?.findings) !== undefined;
}

/**
 * The matches of each rule. The bare path, which every server of a host has, is in a rule of its own: Contour refuses a rule whole of
 * which the host has a match already, and a route whole of which it refuses every rule. One rule for the MCP gateway of Kuadrant,
 * which takes no other routes. Nothing below the bare path is taken: that is about the paths of others.
 */
function matchesOfRules(input: ExpansionInput): readonly (readonly object[])[] {
  const prefixes = publishedPrefixes(input);
  const own = prefixes.map((value) => ({ path: { type: 'PathPrefix', value } }));
  const bare = prefixes.some(isAll) ? [] : [{ path: { type: 'Exact', value: PROTECTED_RESOURCE } }];
  return isOfKuadrant(input.server) ? [[...own, ...bare]] : [own, bare].filter((matches) => matches.length > 0);
}
