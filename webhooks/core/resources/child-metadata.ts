import { ANNOTATION_PREFIX, isOfGroup } from '../mcpserver/api.ts';
import { baseLabels, childName, namespaceOf, objectLabels } from '../mcpserver/names.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { KubernetesObject } from './expanded-kind.ts';

type Texts = Readonly<Record<string, string>>;

/**
 * Metadata of a child: its labels, the user's extras, and never an annotation that is ours or the API's. `ofKind`: labels that
 * the user wants on this kind only; none of them replaces one that the child is found by.
 */
export function childMetadata(server: MCPServer, ofKind: Texts = {}): KubernetesObject['metadata'] {
  const annotations = extraAnnotations(server);
  return {
    name: childName(server),
    namespace: namespaceOf(server),
    labels: { ...objectLabels(server), ...extraLabels(server), ...ofKind, ...baseLabels(server) },
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}

/** Labels of the pods: no recommended labels, they would restart the pods of an adopted server. */
export function podLabels(server: MCPServer): Texts {
  return { ...baseLabels(server), ...extraLabels(server) };
}

/** The author's annotations, without keys that speak for the API or for us. */
export function extraAnnotations(server: MCPServer): Texts {
  return keep(server.spec.extraAnnotations, isCopiedAnnotation);
}

export function isCopiedAnnotation(key: string): boolean {
  return !isOfGroup(key) && !key.startsWith(ANNOTATION_PREFIX);
}

/** The author's labels, without those that pods are selected by. */
function extraLabels(server: MCPServer): Texts {
  const base = baseLabels(server);
  return keep(server.spec.extraLabels, (key) => !Object.hasOwn(base, key));
}

function keep(texts: Texts | undefined, isKept: (key: string) => boolean): Texts {
  return Object.fromEntries(Object.entries(texts ?? {}).filter(([key]) => isKept(key)));
}
