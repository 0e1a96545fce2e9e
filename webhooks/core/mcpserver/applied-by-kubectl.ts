import { ownValue } from './record.ts';
import type { MCPServer } from './types.gen.ts';

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-last-applied-configuration */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Longer ones are not read, in characters: they are a text of anybody's, and a part of what a request may have. */
const maxAppliedLength = 64 * 1024;

/** The manifest that `kubectl apply` writes beside what it applies from the client. */
export function manifestOfKubectl({ metadata }: MCPServer): string | undefined {
  return metadata.annotations?.[lastApplied];
}

/** What a manifest says of the number of pods; undefined where it says nothing, or cannot be read. */
export function replicasIn(manifest: string): unknown {
  if (manifest.length > maxAppliedLength) return undefined;
  try {
    const read: unknown = JSON.parse(manifest);
    return ownValue(ownValue(ownValue(read, 'spec'), 'runtime'), 'replicas');
  } catch {
    return undefined;
  }
}
