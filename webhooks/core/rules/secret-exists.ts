import type { Rule } from '../engine/rule.ts';
import { isConfiguration } from '../mcpserver/references.ts';
import { checkReferences, whileMissing, type Concern } from './parts/missing-reference.ts';
import { ofSecret, withMounts, withVariables, withVariablesFrom } from './parts/example-specs.ts';

export const secretExists: Rule = {
  id: 'secret-exists',
  severity: 'warn',
  holdsBack: true,
  summary: 'Every Secret that the server names must exist, unless the reference is optional.',
  rationale:
    'A pod that mounts or reads a missing Secret does not start. Secrets often arrive later than the servers that use ' +
    'them (an operator syncs them from elsewhere), so this is a warning and not a refusal: the server is stored, is ' +
    '`Accepted=False` until the Secret exists, and then starts by itself. Only names and keys are looked at, never values.',
  remedy: 'Create it, correct the name, or mark the reference as optional.',
  examples: {
    accepts: [
      {
        title: 'an environment variable from a Secret that exists',
        spec: withVariables({ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'search-token', key: 'token' } } }),
        secrets: { 'search-token': ['token'] },
      },
      {
        title: 'a missing Secret that is optional',
        spec: withVariablesFrom({ secretRef: { name: 'extra', optional: true } }),
      },
    ],
    rejects: [
      {
        title: 'an environment variable from a Secret that does not exist',
        spec: withVariables({ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'search-token', key: 'token' } } }),
      },
      {
        title: 'a mounted Secret that does not exist',
        spec: withMounts({ path: '/etc/tls', source: ofSecret({ secretName: 'search-tls' }) }),
      },
    ],
  },
  check: (input) => checkReferences(input, concern),
};

const concern = {
  includes: (reference) => reference.kind === 'Secret' && isConfiguration(reference),
  consequence: whileMissing,
} satisfies Concern;
