import { checkSchema } from '../mcpserver/schema.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { isRecord, type Fields } from '../mcpserver/record.ts';

/** One change to the smallest valid MCPServer. */
export type Option = (manifest: Manifest) => Manifest;

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Fields;
  readonly spec: Fields;
  readonly status?: Fields;
}

/** Everything optional, at every depth; lists are replaced as a whole. `undefined` takes a field away. */
export type Patch<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: Patch<T[K]> | undefined }
    : T;

/**
 * The smallest valid MCPServer (name `search`, namespace `mcp`), changed by the options in order; it says nothing that
 * the API server or we would default. Throws when the result is no MCPServer: the test would prove nothing.
 */
export function anMCPServer(...options: readonly Option[]): MCPServer {
  const manifest = options.reduce((result, change) => change(result), smallest);
  const checked = checkSchema(manifest);
  if (checked.ok) return checked.server;
  const reasons = checked.violations.map(({ path, headline, detail }) => `${renderPath(path)}: ${headline}, ${detail}`);
  throw new Error(`anMCPServer: the options do not make a valid MCPServer: ${reasons.join('; ')}`);
}

const smallest: Manifest = {
  apiVersion: 'mcp.x-k8s.io/v1beta1',
  kind: 'MCPServer',
  metadata: { name: 'search', namespace: 'mcp' },
  spec: {
    source: { type: 'ContainerImage', containerImage: { ref: 'ghcr.io/example/search:1.4.0' } },
    config: { port: 8080 },
  },
};

export function withName(name: string): Option {
  return withMetadata({ name });
}

export function withNamespace(namespace: string): Option {
  return withMetadata({ namespace });
}

export function withUid(uid: string): Option {
  return withMetadata({ uid });
}

export function withGeneration(generation: number): Option {
  return withMetadata({ generation });
}

export function withMetadata(metadata: Patch<MCPServer['metadata']>): Option {
  return (manifest) => ({ ...manifest, metadata: merge(manifest.metadata, metadata) });
}

export function withApiVersion(apiVersion: MCPServer['apiVersion']): Option {
  return (manifest) => ({ ...manifest, apiVersion });
}

export function withImage(ref: string): Option {
  return withSpec({ source: { containerImage: { ref } } });
}

export function withReplicas(replicas: number): Option {
  return withSpec({ runtime: { replicas } });
}

/** Merged into the spec, objects deeply, lists as a whole. */
export function withSpec(spec: Patch<MCPServer['spec']>): Option {
  return withRawSpec(spec);
}

/** As {@link withSpec}, for data that has no type, such as the examples of rules. */
export function withRawSpec(spec: Fields): Option {
  return (manifest) => ({ ...manifest, spec: merge(manifest.spec, spec) });
}

export function withStatus(status: Patch<NonNullable<MCPServer['status']>>): Option {
  return (manifest) => ({ ...manifest, status: merge(manifest.status ?? {}, status) });
}

function merge(base: Fields, patch: Fields): Fields {
  const merged = new Map(Object.entries(base));
  for (const [name, value] of Object.entries(patch)) {
    const before = merged.get(name);
    if (value === undefined) merged.delete(name);
    else merged.set(name, isRecord(value) && isRecord(before) ? merge(before, value) : value);
  }
  return Object.fromEntries(merged);
}
