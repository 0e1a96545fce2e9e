import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { checkReferences, type Concern } from './parts/missing-reference.ts';

export const priorityClassExists: Rule = {
  id: 'priority-class-exists',
  severity: 'warn',
  stricterIn: 2,
  summary: 'The PriorityClass of the pods must exist.',
  rationale:
    'Kubernetes creates no pod with a PriorityClass that does not exist: the Deployment is there and stays without pods, or ' +
    'with those of its last version. The class may arrive later, and the pods are created then, so this is a warning and not ' +
    'a refusal. PriorityClasses are objects of the cluster: an installation that is limited to some namespaces may not read ' +
    'them, and says that it has not checked.',
  remedy: 'Have it created, or correct the name.',
  examples: {
    accepts: [
      {
        title: 'a PriorityClass that exists',
        spec: { extensions: { scheduling: { priorityClassName: 'business-hours' } } },
        priorityClasses: ['business-hours'],
      },
    ],
    rejects: [
      {
        title: 'a PriorityClass that does not exist',
        spec: { extensions: { scheduling: { priorityClassName: 'business-hours' } } },
      },
    ],
  },
  check(input) {
    const mayName = input.server.spec.extensions?.scheduling !== undefined;
    return mayName ? checkReferences(input, concern) : none;
  },
};

const concern = {
  includes: ({ usage }) => usage === 'priority-class',
  consequence: 'no pod is created until it exists',
} satisfies Concern;
