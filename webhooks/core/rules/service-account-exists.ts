import type { Rule } from '../engine/rule.ts';
import { checkReferences, type Concern } from './parts/missing-reference.ts';

export const serviceAccountExists: Rule = {
  id: 'service-account-exists',
  severity: 'warn',
  summary: 'The ServiceAccount of the pods must exist.',
  rationale:
    'Kubernetes creates no pod for a ServiceAccount that does not exist: the Deployment is there and stays without pods. ' +
    'The ServiceAccount may arrive later, and the pods are created then, so this is a warning and not a refusal. The ' +
    'account `default`, which every namespace has, is not looked up.',
  remedy: 'Create it, or correct the name.',
  examples: {
    accepts: [
      { title: 'a server that names no ServiceAccount' },
      {
        title: 'a ServiceAccount that exists',
        spec: { runtime: { security: { serviceAccountName: 'search' } } },
        serviceAccounts: ['search'],
      },
      {
        title: 'the account that every namespace has',
        spec: { runtime: { security: { serviceAccountName: 'default' } } },
      },
    ],
    rejects: [
      {
        title: 'a ServiceAccount that does not exist',
        spec: { runtime: { security: { serviceAccountName: 'search' } } },
      },
    ],
  },
  check: (input) => checkReferences(input, concern),
};

const concern = {
  includes: ({ usage }) => usage === 'service-account',
  consequence: 'no pod is created until it exists',
} satisfies Concern;
