import type { GatewayName, GatewaySettings, Listener } from '../mcpserver/gateway.ts';
import type { Reference } from '../mcpserver/references.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { PrefixClaim, Registrant } from '../mcpserver/prefix-claim.ts';

/** The kinds whose objects an MCPServer can name. */
export type ReferencedKind = Reference['kind'];

/** What is known about one referenced object. Values never enter core, key names only, but for settings of a gateway. */
export type ReferenceState =
  | {
      readonly state: 'found';
      /**
       * Those of the keys that references name which are there, and of a ConfigMap at least the first six of all: an
       * object may have a hundred thousand. Empty for a kind that has none.
       */
      readonly keys: ReadonlySet<string>;
      /** Whether the key `ca.crt` holds certificates, and not too many; absent where nobody read it. */
      readonly caBundle?: 'usable' | 'none' | 'too-large';
      /** Of a PersistentVolumeClaim, as its spec has them: `ReadWriteOnce`, …; absent where nobody read them. */
      readonly accessModes?: readonly string[];
      /** Of a ConfigMap for a gateway: what it says under the keys that we know; absent where nobody read it. */
      readonly settings?: GatewaySettings;
    }
  | { readonly state: 'missing' }
  /**
   * Not looked up, forbidden or timed out; `reason` is shown to the user as "not checked: <reason>". `cause` tells one
   * reason from another where somebody asks that again and again: `Forbidden`, `Timeout`, `HTTP500`.
   */
  | { readonly state: 'unknown'; readonly reason: string; readonly cause?: string };

/**
 * Answers what was gathered before the decision; never does I/O. Three implementations: the cluster (webhook,
 * reconciler), the manifests of the same run (CLI), in memory (tests).
 */
export interface ReferenceFacts {
  lookUp(kind: ReferencedKind, name: string): ReferenceState;
  /** Of the Gateway that a ConfigMap names; undefined where nobody knows them. */
  readonly listenersOf?: (gateway: GatewayName) => Listeners | undefined;
  /** Who keeps a server from a prefix at an MCP gateway; undefined where nobody does, or nobody knows. */
  readonly prefixHolder?: (claim: PrefixClaim, server: Registrant) => Registrant | undefined;
}

export type Listeners = readonly Listener[];

/** What the ConfigMap says that a server names for its gateway; undefined where it names none, or nobody knows. */
export function gatewaySettingsOf({ spec }: MCPServer, facts: ReferenceFacts): GatewaySettings | undefined {
  const { configRef = '' } = spec.gateway ?? {};
  const found = configRef === '' ? undefined : facts.lookUp('ConfigMap', configRef);
  return found?.state === 'found' ? found.settings : undefined;
}
