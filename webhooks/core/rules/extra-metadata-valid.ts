import type { Rule } from '../engine/rule.ts';
import { join, none } from '../engine/violations.ts';
import { isLabelValue, isQualifiedName } from '../mcpserver/kubernetes-names.ts';
import { baseLabels } from '../mcpserver/names.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';

/**
 * Of all labels together, in characters, which are bytes in a label: etcd takes 1.5 MiB for an object (its
 * --max-request-bytes), and the Deployment has them twice.
 */
const maxLabelCharacters = 768 * 1024;

export const extraMetadataValid: Rule = {
  id: 'extra-metadata-valid',
  severity: 'deny',
  summary: 'Extra labels and annotations must be ones that Kubernetes accepts.',
  rationale:
    'They are copied to the Deployment, its pods, the Service and the NetworkPolicy. Kubernetes refuses each of these ' +
    'objects for one label that breaks its syntax, so nothing would be created; and etcd keeps none that is too large.',
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
      {
        title: 'a label for the PodMonitor with a space',
        spec: { extensions: { metrics: { port: 'mcp', labels: { release: 'my prometheus' } } } },
      },
    ],
  },
  check: ({ server }) => join(checkAnnotations(server), checkExtraLabels(server), checkMetricsLabels(server)),
};

/** The API server judges keys of annotations in lower case. */
function checkAnnotations({ spec }: MCPServer): readonly Violation[] {
  if (spec.extraAnnotations === undefined) return none;
  return checkKeys(['spec', 'extraAnnotations'], Object.keys(spec.extraAnnotations), (key) =>
    isQualifiedName(key.toLowerCase()),
  );
}

function checkExtraLabels(server: MCPServer): readonly Violation[] {
  const { extraLabels } = server.spec;
  if (extraLabels === undefined) return none;
  const characters = countCharacters(extraLabels);
  if (characters > maxLabelCharacters) return [tooLarge(characters)];
  return checkLabels(server, ['spec', 'extraLabels'], extraLabels);
}

function checkMetricsLabels(server: MCPServer): readonly Violation[] {
  const labels = server.spec.extensions?.metrics?.labels;
  return labels === undefined ? none : checkLabels(server, ['spec', 'extensions', 'metrics', 'labels'], labels);
}

/** Those that pods are selected by are ours, whatever the author wrote. */
function checkLabels(server: MCPServer, at: FieldPath, all: Readonly<Record<string, string>>): readonly Violation[] {
  if (areFine(all)) return none;
  const ours = baseLabels(server);
  const labels = Object.entries(all).filter(([key]) => !Object.hasOwn(ours, key));
  const keys = labels.map(([key]) => key);
  return [
    ...checkKeys(at, keys, isQualifiedName),
    ...labels
      .filter(([, value]) => !isLabelValue(value))
      .map(([key, value]) => ({
        path: [...at, key],
        headline: 'the value is not usable as a label',
        detail: `found '${value}'`,
      })),
  ];
}

/** Nearly all labels: nothing is built to find out. */
function areFine(labels: Readonly<Record<string, string>>): boolean {
  return Object.keys(labels).every((key) => isQualifiedName(key) && isLabelValue(labels[key] ?? ''));
}

function countCharacters(labels: Readonly<Record<string, string>>): number {
  let sum = 0;
  for (const key of Object.keys(labels)) sum += key.length + (labels[key]?.length ?? 0);
  return sum;
}

/** Nothing else is said about them then: there may be a hundred thousand. */
function tooLarge(characters: number): Violation {
  return {
    path: ['spec', 'extraLabels'],
    headline: 'the labels are too large together',
    detail: `found ${characters} characters`,
    remedy: `Keep them below ${maxLabelCharacters} characters.`,
  };
}

function checkKeys(at: FieldPath, keys: readonly string[], isFine: (key: string) => boolean): readonly Violation[] {
  return keys
    .filter((key) => !isFine(key))
    .map((key) => ({
      path: [...at, key],
      headline: 'the key is not usable',
      detail: `found '${key}'`,
      remedy: 'Write it as name or domain/name: letters, digits, hyphens, underscores and dots.',
    }));
}
