import { API, isOfGroup } from '../core/mcpserver/api.ts';
import { recordAt, stringAt } from '../platform/kube/object.ts';

/** What an object of the input says it is; empty where it says nothing. */
export interface ObjectIdentity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** `defaultNamespace` is that of objects that name none, as kubectl's `--namespace`. */
export function identityOf(value: unknown, defaultNamespace: string): ObjectIdentity {
  const metadata = recordAt(value, 'metadata');
  const namespace = stringAt(metadata, 'namespace') ?? '';
  return {
    apiVersion: stringAt(value, 'apiVersion') ?? '',
    kind: stringAt(value, 'kind') ?? '',
    namespace: namespace === '' ? defaultNamespace : namespace,
    name: stringAt(metadata, 'name') ?? '',
  };
}

/**
 * Whether the object is meant to be an MCPServer of ours, also when its version or the spelling of its kind is wrong:
 * to pass such an object by would be a silent yes. Other projects have an MCPServer in other groups.
 */
export function isMeantAsMCPServer(value: unknown): boolean {
  const { apiVersion, kind } = identityOf(value, '');
  if (kind === API.kind) return isOfGroup(apiVersion) || !apiVersion.includes('/');
  return isOfGroup(apiVersion) && ['', API.singular, API.plural].includes(kind.toLowerCase());
}
