import { selectorLabels } from '../../mcpserver/names.ts';
import type { Fields } from '../../mcpserver/record.ts';
import type { MCPServer } from '../../mcpserver/types.gen.ts';
import { compact } from '../compact.ts';

/**
 * Label of the pods of one version of a Deployment. Without it the pods of the old version count while a new one rolls
 * out, and the new ones end up uneven.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/#topologyspreadconstraints-field
 */
const VERSION_LABEL = 'pod-template-hash';

/** What the pods say about nodes and runtimes; nothing for a server that says nothing of it. */
export function buildScheduling(server: MCPServer): Fields {
  const { scheduling } = server.spec.extensions ?? {};
  if (scheduling === undefined) return {};
  const { nodeSelector, tolerations, topologySpreadConstraints, priorityClassName, runtimeClassName } = scheduling;
  const labelSelector = { matchLabels: selectorLabels(server) };
  return compact({
    ...{ nodeSelector, priorityClassName, runtimeClassName, tolerations: tolerations?.map(withoutEmptyTexts) },
    topologySpreadConstraints: topologySpreadConstraints?.map((constraint) => ({
      ...constraint,
      ...{ labelSelector, matchLabelKeys: [VERSION_LABEL] },
    })),
  });
}

/** The API server stores no empty text in a toleration. */
function withoutEmptyTexts(toleration: object): Fields {
  return Object.fromEntries(Object.entries(toleration).filter(([, value]) => value !== ''));
}
