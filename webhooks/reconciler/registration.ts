import type { ReferenceFacts } from '../core/engine/facts.ts';
import { gatewaySettingsOf } from '../core/engine/facts.ts';
import { API } from '../core/mcpserver/api.ts';
import { extensionNameOf, gatewayNameOf, isOfKuadrant } from '../core/mcpserver/gateway.ts';
import { gatewayBindingName, namespaceOf } from '../core/mcpserver/names.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { asksForGateway, decideGateway } from '../core/plan/gateway-registered.ts';
import type { BindingStatus, GatewayInput, GatewayReport, RouteRival } from '../core/plan/gateway-registered.ts';
import type { OptionalInput } from '../core/plan/optional-conditions.ts';
import type { Offered } from '../core/plan/offered-tools.ts';
import type { ExtensionFound } from '../core/resources/gateway-extension.ts';
import { httpRoute } from '../core/resources/http-route.ts';
import { mcpGatewayBinding } from '../core/resources/mcp-gateway-binding.ts';
import { mcpServerRegistration } from '../core/resources/mcp-server-registration.ts';
import type { GatewayState } from '../core/resources/public-url.ts';
import { timestamp } from '../platform/clock.ts';
import { applyStatus } from '../platform/kube/apply.ts';
import type { ApiError } from '../platform/kube/api.ts';
import { keyOf } from '../platform/kube/object.ts';
import { lookThrough } from './through-extension.ts';
import type { World } from './world.ts';

interface RegistrationScope {
  readonly world: World;
  readonly signal: AbortSignal;
}

/** What became of a registration, as the objects for it say at this moment; undefined where none is asked for. */
export async function registrationFor(
  input: OptionalInput & Pick<GatewayInput, 'findings' | 'isOpen' | 'announcedBy'>,
  facts: ReferenceFacts,
  { world, signal }: RegistrationScope,
): Promise<GatewayReport | undefined> {
  const { server } = input;
  const key = keyOf({ kind: API.kind, namespace: namespaceOf(server), name: server.metadata.name });
  if (!isOfKuadrant(server)) world.brokers.forget(key);
  if (server.spec.gateway === undefined) return undefined;
  const now = world.clock.now();
  const through = await lookThrough(server, facts, { world, signal });
  const gateway = through === undefined ? await gatherGateway(input, facts, { world, signal }) : through.gateway;
  const { clusterDomain } = world;
  const rival = rivalFor(server, { kind: httpRoute.kind, name: gatewayBindingName(server) }, world);
  const offered = askedOf(key, input, { through, facts, world });
  const time = { now: timestamp(now), nowMs: now.getTime() };
  return decideGateway({ ...input, facts, clusterDomain, gateway, through, offered, rival, ...time });
}

/** Who else takes what the route, or the Ingress, of this name takes. */
export function rivalFor(
  server: MCPServer,
  { kind, name }: { readonly kind: string; readonly name: string },
  { rivals, children }: Pick<World, 'rivals' | 'children'>,
): RouteRival | undefined {
  const namespace = namespaceOf(server);
  const key = keyOf({ kind: API.kind, namespace, name: server.metadata.name });
  const place = keyOf({ kind, namespace, name });
  const ofKind = rivals.get(kind);
  // It may have been known before its server was, and was nobody's then.
  ofKind?.note(place, children.get(kind)?.named(key, name)?.child);
  return ofKind?.of(place);
}

/** The Service of the broker, in the namespace of its MCPGatewayExtension: https://docs.kuadrant.io/mcp-gateway */
const broker = { service: 'mcp-gateway', port: 8080 };

/** What the broker says of a server that its controller has registered; nobody else is asked of. */
function askedOf(
  key: string,
  { server, children }: OptionalInput,
  {
    through,
    facts,
    world,
  }: { readonly through: ExtensionFound | undefined; readonly facts: ReferenceFacts; readonly world: World },
): Offered | undefined {
  const name = gatewayBindingName(server);
  const isRegistered = children.some(
    ({ kind, name: found, controller, registration }) =>
      kind === mcpServerRegistration.kind &&
      found === name &&
      controller?.uid === server.metadata.uid &&
      registration?.answer.state === 'yes',
  );
  const extension = extensionNameOf(gatewaySettingsOf(server, facts));
  const isKnown = through?.extension.state === 'found' && extension !== undefined;
  if (!isRegistered || !isKnown) {
    world.brokers.forget(key);
    return undefined;
  }
  const origin = `http://${broker.service}.${extension.namespace}.svc.${world.clusterDomain}:${broker.port}`;
  return world.brokers.keep(key, { origin, namespace: namespaceOf(server), name });
}

/** Nobody asks otherwise where clients reach the route, or why nobody says anything of it. */
async function gatherGateway(
  { server, children, nowMs }: OptionalInput,
  facts: ReferenceFacts,
  { world, signal }: RegistrationScope,
): Promise<GatewayState | undefined> {
  const asks = children.some(
    ({ kind, name, registration }) =>
      kind === httpRoute.kind &&
      name === gatewayBindingName(server) &&
      registration !== undefined &&
      asksForGateway(registration, { nowMs }),
  );
  const gateway = asks ? gatewayNameOf(gatewaySettingsOf(server, facts)) : undefined;
  return gateway === undefined ? undefined : world.gateways.read(gateway, signal);
}

/** Has the binding say what its provider in this tree has to say; the error of a write that failed. */
export async function writeBinding(
  server: MCPServer,
  wanted: BindingStatus | undefined,
  { world, signal }: RegistrationScope,
): Promise<ApiError | undefined> {
  if (wanted === undefined) return undefined;
  const { name, uid, status } = wanted;
  const { apiVersion, kind, plural } = mcpGatewayBinding;
  const of = { apiVersion, kind, plural, namespace: namespaceOf(server), name, uid, status, signal };
  const written = await applyStatus(world.api, of);
  if (written.ok) {
    world.children.get(kind)?.put(written.body);
    return undefined;
  }
  // It was deleted, or replaced: the next round has another one.
  return written.error.status === 404 || written.error.status === 409 ? undefined : written.error;
}
