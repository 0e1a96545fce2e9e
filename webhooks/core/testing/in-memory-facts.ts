import type { ReferencedKind, ReferenceFacts, ReferenceState } from '../engine/facts.ts';
import type { Listener } from '../mcpserver/gateway.ts';
import { claimText, holderBefore } from '../mcpserver/prefix-claim.ts';
import type { Registrant } from '../mcpserver/prefix-claim.ts';

/** The objects that exist: name to key names. */
export interface InMemoryObjects {
  readonly configMaps?: Readonly<Record<string, readonly string[]>>;
  /** ConfigMaps for gateways: name to what they say. */
  readonly gatewaySettings?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Gateways: namespace and name to the hosts of their HTTP listeners, of which an empty one takes any. */
  readonly gateways?: Readonly<Record<string, readonly string[]>>;
  /** Prefixes that servers have: MCPGatewayExtension and prefix to the servers, oldest first. */
  readonly prefixes?: Readonly<Record<string, readonly string[]>>;
  readonly secrets?: Readonly<Record<string, readonly string[]>>;
  readonly serviceAccounts?: readonly string[];
  readonly priorityClasses?: readonly string[];
  readonly runtimeClasses?: readonly string[];
  /** PersistentVolumeClaims: name to access modes. */
  readonly claims?: Readonly<Record<string, readonly string[]>>;
  /** `ConfigMap/name` (`Secret/name`, …) to the reason why nothing is known about it. */
  readonly unknown?: Readonly<Record<string, string>>;
}

/** Facts for tests and for the examples of rules: what is not named is missing. */
export function inMemoryFacts(objects: InMemoryObjects = {}): ReferenceFacts {
  const {
    configMaps = {},
    gatewaySettings = {},
    gateways = {},
    prefixes = {},
    secrets = {},
    claims = {},
    unknown = {},
  } = objects;
  const existing: Record<ReferencedKind, Readonly<Record<string, readonly string[]>>> = {
    ConfigMap: configMaps,
    Secret: secrets,
    ServiceAccount: withoutKeys(objects.serviceAccounts),
    PersistentVolumeClaim: claims,
    PriorityClass: withoutKeys(objects.priorityClasses),
    RuntimeClass: withoutKeys(objects.runtimeClasses),
  };
  return {
    lookUp(kind, name): ReferenceState {
      const reason = own(unknown, `${kind}/${name}`);
      if (reason !== undefined) return { state: 'unknown', reason };
      const settings = kind === 'ConfigMap' ? own(gatewaySettings, name) : undefined;
      if (settings !== undefined)
        return { state: 'found', keys: new Set(Object.keys(settings)), settings: new Map(Object.entries(settings)) };
      const found = own(existing[kind], name);
      if (found === undefined) return { state: 'missing' };
      if (kind === 'PersistentVolumeClaim') return { state: 'found', keys: new Set(), accessModes: found };
      return { state: 'found', keys: new Set(found) };
    },
    listenersOf: ({ namespace, name }) => own(gateways, `${namespace}/${name}`)?.map(toListener),
    prefixHolder: (claim, server) => holderBefore((own(prefixes, claimText(claim)) ?? []).map(toRegistrant), server),
  };
}

function toRegistrant(place: string): Registrant {
  const [namespace = '', name = ''] = place.split('/');
  return { namespace, name };
}

function toListener(hostname: string): Listener {
  return { protocol: 'HTTP', port: 80, ...(hostname === '' ? {} : { hostname }) };
}

function withoutKeys(names: readonly string[] = []): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(names.map((name) => [name, []]));
}

/** An object named `constructor` does not exist because of JavaScript. */
function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
