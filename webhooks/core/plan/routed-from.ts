import { isDnsLabel } from '../mcpserver/kubernetes-names.ts';
import { gatewayBindingName } from '../mcpserver/names.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { httpRoute } from '../resources/http-route.ts';
import type { ObservedChild } from './observed.ts';
import { isOurs } from './optional-conditions.ts';

/**
 * Namespace of the Gateway from which the HTTPRoute that stands leads to the server, whatever is wanted by now. By our own
 * word alone: who writes another Gateway into the route opens nothing.
 */
export function routedFromOf(server: MCPServer, observed: readonly ObservedChild[]): string | undefined {
  const route = observed.find(
    ({ apiVersion, kind, name, controller }) =>
      apiVersion === httpRoute.apiVersion &&
      kind === httpRoute.kind &&
      name === gatewayBindingName(server) &&
      isOurs(controller, server),
  );
  const isOurWord = route?.ownedFields?.includes('"f:parentRefs"') === true;
  const namespace = isOurWord ? route.registration?.gatewayNamespace : undefined;
  // An earlier release took any text, of which no NetworkPolicy could be made.
  return namespace !== undefined && isDnsLabel(namespace) ? namespace : undefined;
}
