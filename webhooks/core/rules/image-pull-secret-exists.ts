import type { Rule } from '../engine/rule.ts';
import { checkReferences, type Concern } from './parts/missing-reference.ts';

export const imagePullSecretExists: Rule = {
  id: 'image-pull-secret-exists',
  severity: 'warn',
  summary: 'Every Secret with registry credentials that the server names must exist.',
  rationale:
    'A node pulls without the credentials that it does not find: that works for a public image or one that the node has ' +
    'already, and otherwise ends in a pod that cannot pull and does not say that a Secret is missing. Kubernetes does not ' +
    'need the Secret to start the pod, so the server is accepted and only warned about.',
  remedy: 'Create it, correct the name, or remove it from the list.',
  examples: {
    accepts: [
      {
        title: 'credentials that exist',
        spec: { source: { containerImage: { imagePullSecrets: [{ name: 'registry' }] } } },
        secrets: { registry: ['.dockerconfigjson'] },
      },
    ],
    rejects: [
      {
        title: 'credentials that do not exist',
        spec: { source: { containerImage: { imagePullSecrets: [{ name: 'registry' }] } } },
      },
    ],
  },
  check: (input) => checkReferences(input, concern),
};

const concern = {
  includes: ({ usage }) => usage === 'image-pull',
  consequence: 'the image is pulled without its credentials until it exists',
} satisfies Concern;
