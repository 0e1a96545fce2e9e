import type { Rule } from '../engine/rule.ts';
import { each, eachEntry, join, none } from '../engine/violations.ts';
import { isLabelValue, isQualifiedName } from '../mcpserver/kubernetes-names.ts';
import { inside, pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { LabelSelector, LabelSelectorRequirement, NetworkPolicyPeer } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';

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
        title: 'a label value with a space, of who reads metrics',
        spec: {
          extensions: {
            metrics: { port: 9090, from: [{ podSelector: { matchLabels: { team: 'search and find' } } }] },
          },
        },
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
    const { extensions, network = {} } = server.spec;
    const { dnsEgressPeer, egressTo, ingressFrom } = network;
    return join(
      each(extensions?.metrics?.from, metricsPlace, checkPeer, isFine),
      dnsEgressPeer === undefined || isFine(dnsEgressPeer) ? none : checkPeer(dnsEgressPeer, dnsPlace),
      each(egressTo, egressPlace, checkPeer, isFine),
      each(ingressFrom, ingressPlace, checkPeer, isFine),
    );
  },
};

const dnsPlace = placeOf('spec', 'network', 'dnsEgressPeer');
const egressPlace = placeOf('spec', 'network', 'egressTo');
const ingressPlace = placeOf('spec', 'network', 'ingressFrom');
const metricsPlace = placeOf('spec', 'extensions', 'metrics', 'from');

/** Nearly every peer: nothing is built to find out. */
function isFine({ namespaceSelector, podSelector }: NetworkPolicyPeer): boolean {
  return isFineSelector(namespaceSelector) && isFineSelector(podSelector);
}

function isFineSelector({ matchExpressions, matchLabels = {} }: LabelSelector = {}): boolean {
  for (const key of Object.keys(matchLabels)) {
    if (!isQualifiedName(key) || !isLabelValue(matchLabels[key] ?? '')) return false;
  }
  return matchExpressions === undefined || matchExpressions.every(isFineExpression);
}

function isFineExpression({ key, operator, values = [] }: LabelSelectorRequirement): boolean {
  return isQualifiedName(key) && operators.get(operator) === values.length > 0 && values.every(isLabelValue);
}

function checkPeer({ namespaceSelector, podSelector }: NetworkPolicyPeer, place: Place): readonly Violation[] {
  return join(
    namespaceSelector === undefined ? none : checkSelector(namespaceSelector, inside(place, 'namespaceSelector')),
    podSelector === undefined ? none : checkSelector(podSelector, inside(place, 'podSelector')),
  );
}

function checkSelector({ matchExpressions, matchLabels }: LabelSelector, place: Place): readonly Violation[] {
  return join(
    each(matchExpressions, inside(place, 'matchExpressions'), checkExpression),
    eachEntry(matchLabels, inside(place, 'matchLabels'), checkLabel),
  );
}

function checkLabel(key: string, value: string, place: Place): readonly Violation[] {
  return join(checkKey(key, place), checkValue(value, place));
}

function checkExpression({ key, operator, values }: LabelSelectorRequirement, place: Place): readonly Violation[] {
  return join(
    checkKey(key, inside(place, 'key')),
    checkOperator(operator, values?.length ?? 0, place),
    each(values, inside(place, 'values'), checkValue),
  );
}

function checkOperator(operator: string, count: number, place: Place): readonly Violation[] {
  const takesValues = operators.get(operator);
  if (takesValues === undefined) {
    const remedy = `Use ${[...operators.keys()].join(', ')}.`;
    return [
      { path: pathTo(place, 'operator'), headline: 'the operator is unknown', detail: `found '${operator}'`, remedy },
    ];
  }
  if (takesValues === count > 0) return none;
  return [
    {
      path: pathTo(place, 'values'),
      headline: takesValues ? 'the operator needs values' : 'the operator takes no values',
      detail: `found ${count} with ${operator}`,
      remedy: takesValues ? 'Set at least one value.' : 'Remove the values.',
    },
  ];
}

function checkKey(key: string, place: Place): readonly Violation[] {
  if (isQualifiedName(key)) return none;
  const remedy = 'Write it as name or domain/name: letters, digits, hyphens, underscores and dots.';
  return [{ path: pathTo(place), headline: 'no label has such a key', detail: `found '${key}'`, remedy }];
}

function checkValue(value: string, place: Place): readonly Violation[] {
  if (isLabelValue(value)) return none;
  return [{ path: pathTo(place), headline: 'no label has such a value', detail: `found '${value}'` }];
}
