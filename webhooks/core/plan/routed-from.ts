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
  return isOurWord ? route.registration?.gatewayNamespace : undefined;
}
