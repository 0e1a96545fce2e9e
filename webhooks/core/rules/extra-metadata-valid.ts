import type { Rule } from '../engine/rule.ts';
import type { Violation } from '../mcpserver/violation.ts';

/** `prefix/name`: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const keyPattern =
  /^((?=.{1,253}\/)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(?=[^/]{1,63}$)[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const valuePattern = /^(?=.{0,63}$)([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;

export const extraMetadataValid: Rule = {
  id: 'extra-metadata-valid',
  severity: 'deny',
  summary: 'Extra labels and annotations must be ones that Kubernetes accepts.',
  rationale:
    'They are copied to the Deployment, its pods, the Service and the NetworkPolicy. Kubernetes refuses each of these ' +
    'objects for one label that breaks its syntax, so nothing would be created.',
  remedy: 'Use letters, digits, hyphens, underscores and dots, at most 63, a letter or digit first and last.',
  examples: {
    accepts: [
      { title: 'a label of a team', spec: { extraLabels: { 'example.com/team': 'search', tier: '' } } },
      {
        title: 'an annotation with any text',
        spec: { extraAnnotations: { 'example.com/note': 'Ask the team first!' } },
      },
    ],
    rejects: [
      { title: 'a label value with spaces', spec: { extraLabels: { team: 'search and find' } } },
      { title: 'a label key with a space', spec: { extraLabels: { 'my team': 'search' } } },
      { title: 'an annotation key with two slashes', spec: { extraAnnotations: { 'a/b/c': 'x' } } },
    ],
  },
  check: ({ server: { spec } }) => [
    ...checkKeys('extraAnnotations', spec.extraAnnotations),
    ...checkKeys('extraLabels', spec.extraLabels),
    ...Object.entries(spec.extraLabels ?? {})
      .filter(([, value]) => !valuePattern.test(value))
      .map(([key, value]) => ({
        path: ['spec', 'extraLabels', key],
        headline: 'the value is not usable as a label',
        detail: `found '${value}'`,
      })),
  ],
};

function checkKeys(field: string, texts: Readonly<Record<string, string>> | undefined): readonly Violation[] {
  return Object.keys(texts ?? {})
    .filter((key) => !keyPattern.test(key))
    .map((key) => ({
      path: ['spec', field, key],
      headline: 'the key is not usable',
      detail: `found '${key}'`,
      remedy: 'Write it as name or domain/name: letters, digits, hyphens, underscores and dots.',
    }));
}
