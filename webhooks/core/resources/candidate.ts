import { LABELS } from '../mcpserver/api.ts';
import { candidateLabels, candidateName } from '../mcpserver/names.ts';
import { isRecord } from '../mcpserver/record.ts';
import type { Fields } from '../mcpserver/record.ts';
import type { ExpansionInput, KubernetesObject } from './expanded-kind.ts';

/**
 * The same object for the candidate: another name, and what selects pods selects its pod. The object itself keeps the labels
 * by which we find children, but not that of the server: whoever selects Deployments by it means the one that serves.
 */
export function asCandidate(
  { server, candidateTemplate: template }: ExpansionInput,
  object: KubernetesObject,
  specOf: (spec: Fields) => Fields,
): readonly KubernetesObject[] {
  if (template === undefined) return [];
  const { metadata, spec } = object;
  const labels = Object.entries(metadata.labels ?? {}).filter(([key]) => key !== LABELS.server);
  return [
    {
      ...object,
      metadata: {
        ...metadata,
        name: candidateName(server),
        labels: { ...Object.fromEntries(labels), ...candidateLabels(server) },
      },
      spec: specOf(isRecord(spec) ? spec : {}),
    },
  ];
}

/** Exactly the template that is to be proven, but for what calls, budgets and autoscalers find pods by. */
export function templateOfCandidate(
  { server, candidateTemplate: digest = '' }: ExpansionInput,
  template: Fields,
): Fields {
  const metadata = isRecord(template['metadata']) ? template['metadata'] : {};
  const labels = { ...candidateLabels(server), [LABELS.candidateTemplate]: digest };
  return { ...template, metadata: { ...metadata, labels } };
}
