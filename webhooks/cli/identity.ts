import { API, isOfGroup } from '../core/mcpserver/api.ts';

/** What an object of the input says it is; empty where it says nothing. */
export interface ObjectIdentity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** `defaultNamespace` is that of objects that name none, as kubectl's `--namespace`. */
export function identityOf(value: unknown, defaultNamespace: string): ObjectIdentity {
  const metadata = property(value, 'metadata');
  const namespace = textOf(metadata, 'namespace');
  return {
    apiVersion: textOf(value, 'apiVersion'),
    kind: textOf(value, 'kind'),
    namespace: namespace === '' ? defaultNamespace : namespace,
    name: textOf(metadata, 'name'),
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

function textOf(value: unknown, name: string): string {
  const text = property(value, name);
  return typeof text === 'string' ? text : '';
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const found: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
  return found;
}
