import { gatewaySettingsOf } from '../core/engine/facts.ts';
import type { ReferenceFacts } from '../core/engine/facts.ts';
import { extensionNameOf, gatewayOfHost, isOfKuadrant, isRouted } from '../core/mcpserver/gateway.ts';
import { namespaceOf } from '../core/mcpserver/names.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { settingsThrough } from '../core/resources/gateway-extension.ts';
import type { ExtensionFound } from '../core/resources/gateway-extension.ts';
import { httpRoute } from '../core/resources/http-route.ts';
import { mcpServerRegistration } from '../core/resources/mcp-server-registration.ts';
import { digest } from '../platform/digest.ts';
import type { World } from './world.ts';

type Looking = Pick<World, 'gateways' | 'gatewayExtensions' | 'optional'>;

/**
 * What the ConfigMap of a server leads to that names an MCPGatewayExtension in place of a Gateway. Undefined for every other
 * server, and where the API is not known to be there.
 */
export async function lookThrough(
  server: MCPServer,
  facts: ReferenceFacts,
  { world, signal }: { readonly world: Looking; readonly signal: AbortSignal },
): Promise<ExtensionFound | undefined> {
  const name = isOfKuadrant(server) ? extensionNameOf(gatewaySettingsOf(server, facts)) : undefined;
  const isServed = world.optional.statesIn(namespaceOf(server)).get(mcpServerRegistration.kind) === 'served';
  if (name === undefined || !isServed) return undefined;
  const extension = await world.gatewayExtensions.read(name, signal);
  if (extension.state !== 'found' || extension.gateway === undefined) return { extension };
  return { extension, gateway: await world.gateways.read(extension.gateway, signal) };
}

/** The facts of a server, in which its ConfigMap says what its route is made of. */
export function factsThrough(
  server: MCPServer,
  facts: ReferenceFacts,
  found: ExtensionFound | undefined,
): ReferenceFacts {
  const said = isOfKuadrant(server) ? gatewaySettingsOf(server, facts) : undefined;
  if (said === undefined) return facts;
  const settings = settingsThrough(server, said, found, digest);
  const { configRef } = server.spec.gateway ?? {};
  return {
    lookUp: (kind, name) => {
      const state = facts.lookUp(kind, name);
      return kind === 'ConfigMap' && name === configRef && state.state === 'found' ? { ...state, settings } : state;
    },
  };
}

/** The facts of a server with the listeners of the Gateway that its ConfigMap names: where routes can be made, and the ConfigMap says a host that one of them has to take. */
export async function withListeners(
  server: MCPServer,
  facts: ReferenceFacts,
  { world, signal }: { readonly world: Looking; readonly signal: AbortSignal },
): Promise<ReferenceFacts> {
  const isByName = isRouted(server) && !isOfKuadrant(server);
  const name = isByName ? gatewayOfHost(gatewaySettingsOf(server, facts)) : undefined;
  const isServed = world.optional.statesIn(namespaceOf(server)).get(httpRoute.kind) === 'served';
  if (name === undefined || !isServed) return facts;
  const gateway = await world.gateways.read(name, signal);
  // A server names one.
  return gateway.state === 'found' ? { ...facts, listenersOf: () => gateway.listeners } : facts;
}
