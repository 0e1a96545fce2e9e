import { compilePatterns, type NamePatterns } from '../engine/name-patterns.ts';
import { defineRule, type Rule } from '../engine/rule.ts';
import { join, none } from '../engine/violations.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { listed } from './parts/listed.ts';
import { labelKey, podLabelKey } from './parts/parameter-forms.ts';

type Texts = Readonly<Record<string, string>>;

const parameters = { podLabels: { 'example.com/team': '*', 'example.com/stage': 'prod-*' } };
const labels = { 'example.com/team': 'search', 'example.com/stage': 'prod-eu' };

export const requiredLabels: Rule = defineRule({
  id: 'required-labels',
  severity: 'deny',
  isOptIn: true,
  summary: 'A server must have the labels that the policy asks for, with values that it allows.',
  rationale:
    'Who owns a server, who pays for it and who is called at night is asked of its labels, by people and by programs, and ' +
    'nobody can answer it later for an object without any. Labels of the MCPServer are what lists and reports select by. ' +
    'Labels of its pods, which spec.extraLabels gives to everything that the server becomes, are what costs and traffic are ' +
    'counted by. A label with an empty value says nothing, so it counts as missing.',
  remedy: 'Set the label.',
  parameters: {
    labels: {
      type: 'map',
      keys: labelKey,
      default: {},
      help: 'Labels of the MCPServer (metadata.labels), each with its value or a glob of values: `example.com/team: "*"`.',
    },
    podLabels: {
      type: 'map',
      keys: podLabelKey,
      default: {},
      help: 'Labels of the pods (spec.extraLabels), likewise; not `app` and `mcp-server`, which authors cannot give to pods.',
    },
  },
  examples: {
    accepts: [
      { title: 'every label of pods, with an allowed value', spec: { extraLabels: labels }, parameters },
      { title: 'any labels, where the policy asks for none' },
    ],
    rejects: [
      { title: 'pods without labels', parameters },
      { title: 'a label with nothing in it', spec: { extraLabels: { ...labels, 'example.com/team': '' } }, parameters },
      {
        title: 'a value that is not allowed',
        spec: { extraLabels: { ...labels, 'example.com/stage': 'test' } },
        parameters,
      },
      {
        title: 'a label of pods that the MCPServer itself does not have',
        spec: { extraLabels: labels },
        parameters: { labels: { 'example.com/team': '*' } },
      },
    ],
  },
  check({ server }, wanted) {
    return join(
      checkLabels(server.metadata.labels, wanted.labels, ['metadata', 'labels']),
      checkLabels(server.spec.extraLabels, wanted.podLabels, ['spec', 'extraLabels']),
    );
  },
});

function checkLabels(found: Texts | undefined, wanted: Texts, path: FieldPath): readonly Violation[] {
  let violations: Violation[] | undefined;
  for (const { key, pattern, allowed } of requirementsOf(wanted)) {
    const value = found !== undefined && Object.hasOwn(found, key) ? (found[key] ?? '') : '';
    if (value !== '' && allowed.has(value)) continue;
    violations ??= [];
    violations.push({
      path: [...path, key],
      headline: value === '' ? 'the label is missing' : 'the label has a value that is not allowed here',
      detail: value === '' ? 'found no value' : `found '${value}'`,
      remedy: pattern === '*' ? 'Set it to a value.' : `Set it to ${listed([pattern])}.`,
    });
  }
  return violations ?? none;
}

interface Requirement {
  readonly key: string;
  readonly pattern: string;
  readonly allowed: NamePatterns;
}

/** Read at the first question: the map lives as long as its policy. */
function requirementsOf(wanted: Texts): readonly Requirement[] {
  const known = byMap.get(wanted);
  if (known !== undefined) return known;
  const requirements = Object.entries(wanted).map(([key, pattern]) => ({
    key,
    pattern,
    allowed: compilePatterns([pattern]),
  }));
  byMap.set(wanted, requirements);
  return requirements;
}

const byMap = new WeakMap<Texts, readonly Requirement[]>();
