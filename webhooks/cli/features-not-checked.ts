import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { renderPath } from '../core/mcpserver/violation.ts';
import { kindsAskedForBy } from './ask-apis.ts';
import type { ClusterFacts } from './known-facts.ts';

/** A field that has an effect only where a cluster has what it asks for, and nobody told whether it has. */
export interface FeatureNotChecked {
  readonly path: string;
  /** The cluster that did not tell; absent where none was asked. */
  readonly context?: string;
}

/** Each once, cluster by cluster. */
export function findFeaturesNotChecked(
  servers: readonly MCPServer[],
  clusters: readonly ClusterFacts[],
): readonly FeatureNotChecked[] {
  const asked = kindsAskedForBy(servers).map(({ kind, requirement }) => ({
    kind,
    path: renderPath(requirement.asking.path),
  }));
  if (clusters.length === 0) return pathsOf(asked).map((path) => ({ path }));
  return clusters.flatMap(({ context, apis }) =>
    pathsOf(asked.filter(({ kind }) => apis?.has(kind) !== true)).map((path) => ({ path, context })),
  );
}

function pathsOf(asked: readonly { readonly path: string }[]): readonly string[] {
  return [...new Set(asked.map(({ path }) => path))].sort();
}
