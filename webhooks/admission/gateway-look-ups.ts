import type { Listeners, ReferenceFacts } from '../core/engine/facts.ts';
import { gatewayKeys, gatewayOfHost } from '../core/mcpserver/gateway.ts';
import type { GatewayName } from '../core/mcpserver/gateway.ts';
import type { Reference } from '../core/mcpserver/references.ts';
import { gatewaysApi, readGateway } from '../core/resources/public-url.ts';
import type { Clock } from '../platform/clock.ts';
import { objectPath } from '../platform/kube/api.ts';
import type { ApiResult, KubeApi } from '../platform/kube/api.ts';
import type { CallContext } from './handler.ts';

/** Gateways that are read for one request: one server names one, and an object of a kind above becomes several. */
const maxOfRequest = 4;

/** A cluster has a few; kept for other requests. */
const maxKept = 100;

/** Longest one that is read, in bytes: as much as a request may hold of other objects at the same time. */
const maxBytes = 256 * 1024;

export interface GatewayLookUpOptions {
  readonly cacheMs: number;
  /** One read of what the process may do for a namespace, and how to end it; undefined: it has done enough. */
  readonly takeRead: (namespace: string) => (() => void) | undefined;
  readonly onAnswer: (answer: GatewayAnswer) => void;
}

/** What came of looking up one Gateway. `kept`: it was read lately. */
export type GatewayAnswer = ApiResult | 'kept' | 'over-budget';

export type LookUpListeners = (
  namespace: string,
  gateways: readonly GatewayName[],
  context: CallContext,
) => Promise<NonNullable<ReferenceFacts['listenersOf']>>;

/** Looks up the Gateways that ConfigMaps name, one after the other; what could not be read is not known. Never rejects. */
export function createListenerLookUps(
  api: KubeApi,
  clock: Clock,
  { cacheMs, takeRead, onAnswer }: GatewayLookUpOptions,
): LookUpListeners {
  /** In the order of their end. */
  const kept = new Map<string, { readonly listeners: Listeners; readonly until: number }>();

  const keep = (key: string, listeners: Listeners): void => {
    kept.delete(key);
    kept.set(key, { listeners, until: clock.monotonicMs() + cacheMs });
    const [oldest] = kept.keys();
    if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest);
  };

  const read = async (namespace: string, gateway: GatewayName, context: CallContext): Promise<GatewayAnswer> => {
    const leave = takeRead(namespace);
    if (leave === undefined) return 'over-budget';
    try {
      const path = objectPath({ ...gatewaysApi, ...gateway });
      const limits = { timeoutMs: context.remainingMs(), maxBytes, signal: context.signal() };
      return await api.request({ method: 'GET', path, ...limits });
    } finally {
      leave();
    }
  };

  return async (namespace, gateways, context) => {
    const known = new Map<string, Listeners>();
    for (const gateway of gateways.slice(0, maxOfRequest)) {
      const key = keyOf(gateway);
      const lately = kept.get(key);
      if (lately !== undefined && lately.until > clock.monotonicMs()) {
        known.set(key, lately.listeners);
        onAnswer('kept');
        continue;
      }
      const answer = await read(namespace, gateway, context);
      onAnswer(answer);
      if (typeof answer === 'string' || !answer.ok) continue;
      const { listeners } = readGateway(answer.body);
      known.set(key, listeners);
      keep(key, listeners);
    }
    return (gateway) => known.get(keyOf(gateway));
  };
}

/** Those of the provider httproute that are to take a host, each once; whatever no Gateway can be called is asked for by nobody. */
export function gatewaysNamedBy(references: readonly Reference[], facts: ReferenceFacts): readonly GatewayName[] {
  const named = new Map<string, GatewayName>();
  for (const { kind, name, usage, keys } of references) {
    if (usage !== 'gateway' || !keys.some(({ key }) => key === gatewayKeys.gatewayName)) continue;
    const found = facts.lookUp(kind, name);
    const gateway = found.state === 'found' ? gatewayOfHost(found.settings) : undefined;
    if (gateway !== undefined) named.set(keyOf(gateway), gateway);
  }
  return [...named.values()];
}

function keyOf({ namespace, name }: GatewayName): string {
  return `${namespace}/${name}`;
}
