import type { Rule } from '../engine/rule.ts';
import { isLabelValue, isQualifiedName } from '../mcpserver/kubernetes-names.ts';
import type { LabelSelector, LabelSelectorRequirement, NetworkPolicyPeer } from '../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';

/** Whether an operator takes values: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ */
const operators: ReadonlyMap<string, boolean> = new Map([
  ['DoesNotExist', false],
  ['Exists', false],
  ['In', true],
  ['NotIn', true],
]);

export const networkSelectorsValid: Rule = {
  id: 'network-selectors-valid',
  severity: 'deny',
  summary: 'Every selector of a network peer must use labels and operators that Kubernetes understands.',
  rationale:
    'The selectors go into a NetworkPolicy as they are. Kubernetes refuses the whole policy for one label that cannot ' +
    'exist: the server would run without the isolation that its author asked for.',
  remedy: 'Use letters, digits, hyphens, underscores and dots, at most 63, a letter or digit first and last.',
  examples: {
    accepts: [
      {
        title: 'a label and an expression',
        spec: {
          network: {
            ingressFrom: [
              {
                podSelector: {
                  matchLabels: { 'example.com/team': 'search' },
                  matchExpressions: [{ key: 'tier', operator: 'In', values: ['web', ''] }],
                },
              },
            ],
          },
        },
      },
    ],
    rejects: [
      {
        title: 'a label value with a space',
        spec: { network: { ingressFrom: [{ podSelector: { matchLabels: { team: 'search and find' } } }] } },
      },
      {
        title: 'a label key in two parts too many',
        spec: { network: { egressTo: [{ namespaceSelector: { matchLabels: { 'a/b/c': 'x' } } }] } },
      },
      {
        title: 'an operator that is none',
        spec: {
          network: {
            ingressFrom: [{ podSelector: { matchExpressions: [{ key: 'tier', operator: '=', values: ['web'] }] } }],
          },
        },
      },
      {
        title: 'an operator without its values',
        spec: { network: { ingressFrom: [{ podSelector: { matchExpressions: [{ key: 'tier', operator: 'In' }] } }] } },
      },
      {
        title: 'an operator with values that it does not take',
        spec: {
          network: {
            ingressFrom: [
              { podSelector: { matchExpressions: [{ key: 'tier', operator: 'Exists', values: ['web'] }] } },
            ],
          },
        },
      },
    ],
  },
  check({ server }) {
    const { dnsEgressPeer, egressTo = [], ingressFrom = [] } = server.spec.network ?? {};
    const at = (field: string): FieldPath => ['spec', 'network', field];
    return [
      ...(dnsEgressPeer === undefined ? [] : checkPeer(dnsEgressPeer, at('dnsEgressPeer'))),
      ...egressTo.flatMap((peer, index) => checkPeer(peer, [...at('egressTo'), index])),
      ...ingressFrom.flatMap((peer, index) => checkPeer(peer, [...at('ingressFrom'), index])),
    ];
  },
};

function checkPeer({ namespaceSelector, podSelector }: NetworkPolicyPeer, path: FieldPath): readonly Violation[] {
  return [
    ...checkSelector(namespaceSelector, [...path, 'namespaceSelector']),
    ...checkSelector(podSelector, [...path, 'podSelector']),
  ];
}

function checkSelector(selector: LabelSelector | undefined, path: FieldPath): readonly Violation[] {
  if (selector === undefined) return [];
  const { matchExpressions = [], matchLabels = {} } = selector;
  return [
    ...matchExpressions.flatMap((expression, index) =>
      checkExpression(expression, [...path, 'matchExpressions', index]),
    ),
    ...Object.entries(matchLabels).flatMap(([key, value]) => [
      ...checkKey(key, [...path, 'matchLabels', key]),
      ...checkValue(value, [...path, 'matchLabels', key]),
    ]),
  ];
}

function checkExpression(expression: LabelSelectorRequirement, path: FieldPath): readonly Violation[] {
  const { key, operator, values = [] } = expression;
  return [
    ...checkKey(key, [...path, 'key']),
    ...checkOperator(operator, values.length, path),
    ...values.flatMap((value, index) => checkValue(value, [...path, 'values', index])),
  ];
}

function checkOperator(operator: string, count: number, path: FieldPath): readonly Violation[] {
  const takesValues = operators.get(operator);
  if (takesValues === undefined) {
    const remedy = `Use ${[...operators.keys()].join(', ')}.`;
    return [
      { path: [...path, 'operator'], headline: 'the operator is unknown', detail: `found '${operator}'`, remedy },
    ];
  }
  if (takesValues === count > 0) return [];
  return [
    {
      path: [...path, 'values'],
      headline: takesValues ? 'the operator needs values' : 'the operator takes no values',
      detail: `found ${count} with ${operator}`,
      remedy: takesValues ? 'Set at least one value.' : 'Remove the values.',
    },
  ];
}

function checkKey(key: string, path: FieldPath): readonly Violation[] {
  if (isQualifiedName(key)) return [];
  const remedy = 'Write it as name or domain/name: letters, digits, hyphens, underscores and dots.';
  return [{ path, headline: 'no label has such a key', detail: `found '${key}'`, remedy }];
}

function checkValue(value: string, path: FieldPath): readonly Violation[] {
  return isLabelValue(value) ? [] : [{ path, headline: 'no label has such a value', detail: `found '${value}'` }];
}
