import type { GatewayName } from '../core/mcpserver/gateway.ts';
import { readGateway } from '../core/resources/public-url.ts';
import type { GatewayState } from '../core/resources/public-url.ts';
import type { Clock } from '../platform/clock.ts';
import { objectPath } from '../platform/kube/api.ts';
import type { ApiError, KubeApi } from '../platform/kube/api.ts';

/** How long an answer is believed, in milliseconds; who waits for an address looks again after a little more (core/plan/gateway-registered.ts). */
const believedMs = { found: 60_000, other: 8_000 };

/** A cluster has a few; ConfigMaps of tenants can name any number. */
const maxKept = 200;

/** For one of them, in milliseconds: the status of a server waits meanwhile. */
const timeoutMs = 3_000;

/** Longest one that is read, in bytes: 64 listeners with all that can be said of them. */
const maxBytes = 512 * 1024;

interface Known {
  readonly answer: Promise<GatewayState>;
  readonly askedMs: number;
}

/**
 * What Gateways say of their listeners and addresses, each read once for all servers that name it. There is no watch of them:
 * whether a route is taken is told by the route, and what else changes of a Gateway may wait for minutes.
 */
export class Gateways {
  readonly #known = new Map<string, Known>();
  readonly #world: { readonly api: KubeApi; readonly clock: Clock };

  constructor(world: { readonly api: KubeApi; readonly clock: Clock }) {
    this.#world = world;
  }

  /** Never rejects. */
  async read(gateway: GatewayName, signal: AbortSignal): Promise<GatewayState> {
    const key = `${gateway.namespace}/${gateway.name}`;
    const nowMs = this.#world.clock.monotonicMs();
    const known = this.#known.get(key);
    const answer = await known?.answer;
    if (known !== undefined && answer !== undefined && nowMs - known.askedMs < believedFor(answer)) return answer;
    // Somebody else may have asked meanwhile.
    const newer = this.#known.get(key);
    if (newer !== undefined && newer !== known) return newer.answer;
    const asking = { answer: this.#ask(gateway, signal), askedMs: nowMs };
    this.#known.delete(key);
    this.#known.set(key, asking);
    const [oldest] = this.#known.keys();
    if (this.#known.size > maxKept && oldest !== undefined) this.#known.delete(oldest);
    return asking.answer;
  }

  async #ask({ namespace, name }: GatewayName, signal: AbortSignal): Promise<GatewayState> {
    const path = objectPath({ apiVersion: 'gateway.networking.k8s.io/v1', plural: 'gateways', namespace, name });
    const answer = await this.#world.api.request({ method: 'GET', path, timeoutMs, maxBytes, signal });
    if (answer.ok) return { state: 'found', ...readGateway(answer.body) };
    return answer.error.status === 404 ? { state: 'missing' } : unknownFor(answer.error);
  }
}

/** Of one without an address somebody may wait for that. */
function believedFor(answer: GatewayState): number {
  return answer.state === 'found' && answer.addresses.length > 0 ? believedMs.found : believedMs.other;
}

function unknownFor({ status, reason }: ApiError): GatewayState {
  const state = 'unknown';
  if (status === 403 || status === 401) return { state, why: 'we are not allowed to read its Gateway' };
  if (reason === 'TooLarge') return { state, why: 'its Gateway is too large to be read' };
  const why =
    status === 0 ? 'the API server did not say what its Gateway is' : `its Gateway could not be read (${status})`;
  return { state, why, isPassing: true };
}
