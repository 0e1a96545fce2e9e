import type { Rule } from '../engine/rule.ts';
import { each, eachEntry, join, none } from '../engine/violations.ts';
import { isLabelValue, isQualifiedName } from '../mcpserver/kubernetes-names.ts';
import { inside, pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import { SYSTEM_PRIORITY_PREFIX, systemPriorityClasses } from '../mcpserver/references.ts';
import type { Toleration, TopologySpreadConstraint } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';

const byZone = { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' };

export const schedulingValid: Rule = {
  id: 'scheduling-valid',
  severity: 'deny',
  stricterIn: 2,
  summary: 'What a server says about nodes must be what Kubernetes accepts.',
  rationale:
    'It goes into the Deployment as it is, and Kubernetes refuses it for one label that no node can have, or a toleration ' +
    'whose parts contradict one another: the server would be stored and never run.',
  remedy: 'Use letters, digits, hyphens, underscores and dots, at most 63, a letter or digit first and last.',
  examples: {
    accepts: [
      {
        title: 'nodes of one kind, with a taint of their own',
        spec: {
          extensions: {
            scheduling: {
              nodeSelector: { 'kubernetes.io/arch': 'amd64' },
              tolerations: [{ key: 'dedicated', value: 'mcp', effect: 'NoSchedule' }],
            },
          },
        },
      },
      {
        title: 'a taint that is put up with for five minutes',
        spec: {
          extensions: {
            scheduling: {
              tolerations: [
                {
                  ...{ key: 'node.kubernetes.io/unreachable', operator: 'Exists' },
                  ...{ effect: 'NoExecute', tolerationSeconds: 300 },
                },
              ],
            },
          },
        },
      },
      {
        title: 'pods in two zones at least',
        spec: {
          extensions: {
            scheduling: {
              topologySpreadConstraints: [{ ...byZone, whenUnsatisfiable: 'DoNotSchedule', minDomains: 2 }],
            },
          },
        },
      },
    ],
    rejects: [
      {
        title: 'a label that no node can have',
        spec: { extensions: { scheduling: { nodeSelector: { 'node type': 'large' } } } },
      },
      {
        title: 'a value that no label can have',
        spec: { extensions: { scheduling: { nodeSelector: { 'node-type': 'very large' } } } },
      },
      {
        title: 'a toleration with a value that it does not look at',
        spec: { extensions: { scheduling: { tolerations: [{ key: 'dedicated', operator: 'Exists', value: 'mcp' }] } } },
      },
      {
        title: 'a toleration of every key with a value',
        spec: { extensions: { scheduling: { tolerations: [{ value: 'mcp' }] } } },
      },
      {
        title: 'seconds for a taint that evicts nobody',
        spec: {
          extensions: {
            scheduling: { tolerations: [{ key: 'dedicated', effect: 'NoSchedule', tolerationSeconds: 300 }] },
          },
        },
      },
      {
        title: 'a spread over something that is no label',
        spec: { extensions: { scheduling: { topologySpreadConstraints: [{ ...byZone, topologyKey: 'a/b/c' }] } } },
      },
      {
        title: 'a number of zones that nothing is made of',
        spec: { extensions: { scheduling: { topologySpreadConstraints: [{ ...byZone, minDomains: 2 }] } } },
      },
      {
        title: 'a PriorityClass that no cluster can have',
        spec: { extensions: { scheduling: { priorityClassName: 'system-mcp' } } },
      },
    ],
  },
  check({ server }) {
    const { scheduling } = server.spec.extensions ?? {};
    if (scheduling === undefined) return none;
    return join(
      eachEntry(scheduling.nodeSelector, selectorPlace, checkLabel),
      each(scheduling.tolerations, tolerationsPlace, checkToleration),
      each(scheduling.topologySpreadConstraints, constraintsPlace, checkConstraint),
      checkPriority(scheduling.priorityClassName),
    );
  },
};

const schedulingPlace = placeOf('spec', 'extensions', 'scheduling');
const selectorPlace = inside(schedulingPlace, 'nodeSelector');
const tolerationsPlace = inside(schedulingPlace, 'tolerations');
const constraintsPlace = inside(schedulingPlace, 'topologySpreadConstraints');
const priorityPath = pathTo(schedulingPlace, 'priorityClassName');

const keyRemedy = 'Write it as name or domain/name: letters, digits, hyphens, underscores and dots.';

function checkLabel(key: string, value: string, place: Place): readonly Violation[] {
  return join(checkKey(key, place, 'no node has a label of such a key'), checkValue(value, place));
}

function checkKey(key: string, place: Place, headline: string): readonly Violation[] {
  if (isQualifiedName(key)) return none;
  return [{ path: pathTo(place), headline, detail: `found '${key}'`, remedy: keyRemedy, cause: ['key'] }];
}

function checkValue(value: string, place: Place): readonly Violation[] {
  if (isLabelValue(value)) return none;
  return [{ path: pathTo(place), headline: 'no label has such a value', detail: `found '${value}'`, cause: ['value'] }];
}

function checkToleration(toleration: Toleration, place: Place): readonly Violation[] {
  const { key = '' } = toleration;
  return join(
    key === '' ? checkEveryKey(toleration, place) : checkKey(key, inside(place, 'key'), 'no taint has such a key'),
    checkTolerationValue(toleration, place),
    checkSeconds(toleration, place),
  );
}

function checkEveryKey({ operator }: Toleration, place: Place): readonly Violation[] {
  if (operator === 'Exists') return none;
  const headline = 'without a key every taint is meant, and only Exists says so';
  const remedy = 'Set the key, or operator: Exists to put up with every taint.';
  return [{ path: pathTo(place, 'operator'), headline, detail: `found ${operator ?? 'none'}`, remedy }];
}

function checkTolerationValue({ operator, value = '' }: Toleration, place: Place): readonly Violation[] {
  if (operator !== 'Exists') return checkValue(value, inside(place, 'value'));
  if (value === '') return none;
  const headline = 'Exists looks at no value';
  const remedy = 'Remove the value, or use operator: Equal.';
  return [{ path: pathTo(place, 'value'), headline, detail: `found '${value}'`, remedy, cause: ['exists'] }];
}

function checkSeconds({ effect, tolerationSeconds }: Toleration, place: Place): readonly Violation[] {
  if (tolerationSeconds === undefined || effect === 'NoExecute') return none;
  const headline = 'only NoExecute evicts, so nothing else has seconds';
  const remedy = 'Use effect: NoExecute, or remove tolerationSeconds.';
  return [{ path: pathTo(place, 'effect'), headline, detail: `found ${effect ?? 'none'}`, remedy }];
}

function checkConstraint(constraint: TopologySpreadConstraint, place: Place): readonly Violation[] {
  const { topologyKey, whenUnsatisfiable, minDomains } = constraint;
  return join(
    checkKey(topologyKey, inside(place, 'topologyKey'), 'no node has a label of such a key'),
    minDomains === undefined || whenUnsatisfiable === 'DoNotSchedule'
      ? none
      : [
          {
            path: pathTo(place, 'minDomains'),
            headline: 'only DoNotSchedule looks at minDomains',
            detail: `found ${minDomains} with ${whenUnsatisfiable}`,
            cause: [whenUnsatisfiable],
            remedy: 'Use whenUnsatisfiable: DoNotSchedule, or remove minDomains.',
          },
        ],
  );
}

function checkPriority(name: string | undefined): readonly Violation[] {
  if (name?.startsWith(SYSTEM_PRIORITY_PREFIX) !== true || systemPriorityClasses.includes(name)) return none;
  return [
    {
      path: priorityPath,
      headline: `no cluster has such a PriorityClass: names with ${SYSTEM_PRIORITY_PREFIX} are Kubernetes' own`,
      detail: `found '${name}'`,
      remedy: 'Name a PriorityClass that exists, or leave the field out.',
    },
  ];
}
