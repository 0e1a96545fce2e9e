import type { Finding } from '../core/engine/finding.ts';
import type { ReferenceFacts } from '../core/engine/facts.ts';
import { judgeManifest, type JudgedServer, type ManifestContext } from './judge-manifest.ts';
import { labelsIn, type ClusterFacts } from './known-facts.ts';

/** Whose facts, and whose policies. */
export interface Clusters {
  readonly clusters: readonly ClusterFacts[];
  /** The facts of a namespace in that cluster; without one those of the input. */
  readonly factsIn: (namespace: string, cluster?: ClusterFacts) => ReferenceFacts;
}

/**
 * What is said about a manifest by the facts and the policy of each cluster: once where all of them make the same of it, and
 * else with the contexts that do. Without a cluster by the input alone.
 */
export function judgeInClusters(
  raw: unknown,
  context: Omit<ManifestContext, 'factsIn'>,
  { factsIn, clusters }: Clusters,
): JudgedServer {
  const judgeBy = (cluster?: ClusterFacts): JudgedServer =>
    judgeManifest(raw, {
      ...context,
      policy: cluster?.policy?.chosen.policy ?? context.policy,
      labelsOf: labelsIn(context.labelsOf, cluster),
      apis: cluster?.apis,
      factsIn: (namespace) => factsIn(namespace, cluster),
    });
  const [first, ...others] = clusters;
  const judged = judgeBy(first);
  if (first === undefined || others.length === 0) return judged;
  const verdicts = [
    { context: first.context, findings: judged.findings },
    ...others.map((cluster) => ({ context: cluster.context, findings: judgeBy(cluster).findings })),
  ];
  return { ...judged, findings: mergeFindings(verdicts) };
}

interface VerdictOfCluster {
  readonly context: string;
  readonly findings: readonly Finding[];
}

function mergeFindings(verdicts: readonly VerdictOfCluster[]): readonly Finding[] {
  const told = new Map<string, { readonly finding: Finding; readonly contexts: Set<string> }>();
  for (const { context, findings } of verdicts) {
    for (const finding of findings) {
      const { ruleId, severity, path, headline, detail } = finding;
      const key = JSON.stringify([ruleId, severity, path, headline, detail]);
      const known = told.get(key);
      if (known === undefined) told.set(key, { finding, contexts: new Set([context]) });
      else known.contexts.add(context);
    }
  }
  return [...told.values()].map(({ finding, contexts }) =>
    contexts.size === verdicts.length
      ? finding
      : { ...finding, detail: `${finding.detail}, in ${[...contexts].join(' and ')}` },
  );
}
