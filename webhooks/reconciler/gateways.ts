import type { GatewayName } from '../core/mcpserver/gateway.ts';
import { readExtension } from '../core/resources/gateway-extension.ts';
import type { ExtensionState } from '../core/resources/gateway-extension.ts';
import { mcpServerRegistration } from '../core/resources/mcp-server-registration.ts';
import { gatewaysApi, readGateway } from '../core/resources/public-url.ts';
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

/** What is looked at. */
interface Looking<State> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  read(raw: unknown, name: GatewayName): State;
  /** Whether it says all that somebody may wait for. */
  isWhole(state: State | Unseen): boolean;
}

type Unseen =
  { readonly state: 'missing' } | { readonly state: 'unknown'; readonly why: string; readonly isPassing?: true };

interface Known<State> {
  readonly answer: Promise<State | Unseen>;
  readonly askedMs: number;
}

interface Surroundings {
  readonly api: KubeApi;
  readonly clock: Clock;
}

/**
 * What objects of others say that servers are published by, each read once for all servers that name it. There is no watch of
 * them: whether a route is taken is told by the route, and what else changes of them may wait for minutes.
 */
class NamedObjects<State> {
  readonly #known = new Map<string, Known<State>>();
  readonly #looking: Looking<State>;
  readonly #world: Surroundings;

  constructor(looking: Looking<State>, world: Surroundings) {
    this.#looking = looking;
    this.#world = world;
  }

  /** Never rejects. */
  async read(of: GatewayName, signal: AbortSignal): Promise<State | Unseen> {
    const key = `${of.namespace}/${of.name}`;
    const nowMs = this.#world.clock.monotonicMs();
    const known = this.#known.get(key);
    const answer = await known?.answer;
    if (known !== undefined && answer !== undefined && nowMs - known.askedMs < this.#believedFor(answer)) return answer;
    // Somebody else may have asked meanwhile.
    const newer = this.#known.get(key);
    if (newer !== undefined && newer !== known) return newer.answer;
    const asking = { answer: this.#ask(of, signal), askedMs: nowMs };
    this.#known.delete(key);
    this.#known.set(key, asking);
    const [oldest] = this.#known.keys();
    if (this.#known.size > maxKept && oldest !== undefined) this.#known.delete(oldest);
    return asking.answer;
  }

  #believedFor(answer: State | Unseen): number {
    return this.#looking.isWhole(answer) ? believedMs.found : believedMs.other;
  }

  async #ask(of: GatewayName, signal: AbortSignal): Promise<State | Unseen> {
    const { apiVersion, plural, kind } = this.#looking;
    const path = objectPath({ apiVersion, plural, ...of });
    const answer = await this.#world.api.request({ method: 'GET', path, timeoutMs, maxBytes, signal });
    if (answer.ok) return this.#looking.read(answer.body, of);
    return answer.error.status === 404 ? { state: 'missing' } : unknownFor(kind, answer.error);
  }
}

/** Of their listeners and addresses. */
export class Gateways extends NamedObjects<GatewayState> {
  constructor(world: Surroundings) {
    const looking: Looking<GatewayState> = {
      ...{ ...gatewaysApi, kind: 'Gateway' },
      read: (raw) => ({ state: 'found', ...readGateway(raw) }),
      isWhole: (answer) => answer.state === 'found' && answer.addresses.length > 0,
    };
    super(looking, world);
  }
}

/** Of which Gateways they make MCP gateways. */
export class GatewayExtensions extends NamedObjects<ExtensionState> {
  constructor(world: Surroundings) {
    const { apiVersion } = mcpServerRegistration;
    const looking: Looking<ExtensionState> = {
      ...{ apiVersion, kind: 'MCPGatewayExtension', plural: 'mcpgatewayextensions' },
      read: (raw, { namespace }) => ({ state: 'found', ...readExtension(raw, namespace) }),
      isWhole: ({ state }) => state === 'found',
    };
    super(looking, world);
  }
}

function unknownFor(kind: string, { status, reason }: ApiError): Unseen {
  const state = 'unknown';
  if (status === 403 || status === 401) return { state, why: `we are not allowed to read its ${kind}` };
  if (reason === 'TooLarge') return { state, why: `its ${kind} is too large to be read` };
  const why =
    status === 0 ? `the API server did not say what its ${kind} is` : `its ${kind} could not be read (${status})`;
  return { state, why, isPassing: true };
}
