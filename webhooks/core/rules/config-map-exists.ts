import type { Rule } from '../engine/rule.ts';
import { isConfiguration } from '../mcpserver/references.ts';
import { checkReferences, whileMissing, type Concern } from './parts/missing-reference.ts';
import { ofConfigMap, withMounts, withVariables, withVariablesFrom } from './parts/example-specs.ts';

export const configMapExists: Rule = {
  id: 'config-map-exists',
  severity: 'warn',
  holdsBack: true,
  summary: 'Every ConfigMap that the server names must exist, unless the reference is optional.',
  rationale:
    'A pod that mounts or reads a missing ConfigMap does not start. The objects of a deployment may arrive in any order, ' +
    'so this is a warning and not a refusal: the server is stored, is `Accepted=False` until the ConfigMap exists, and ' +
    'then starts by itself. A reference that could not be looked up is said to be not checked.',
  remedy: 'Create it, correct the name, or mark the reference as optional.',
  examples: {
    accepts: [
      {
        title: 'a mounted ConfigMap that exists',
        spec: withMounts({ path: '/etc/search', source: ofConfigMap({ name: 'search-config' }) }),
        configMaps: { 'search-config': ['config.toml'] },
      },
      {
        title: 'a missing ConfigMap that is optional',
        spec: withVariablesFrom({ configMapRef: { name: 'overrides', optional: true } }),
      },
    ],
    rejects: [
      {
        title: 'a mounted ConfigMap that does not exist',
        spec: withMounts({ path: '/etc/search', source: ofConfigMap({ name: 'search-config' }) }),
      },
      {
        title: 'environment variables from a ConfigMap that does not exist',
        spec: withVariablesFrom({ configMapRef: { name: 'settings' } }),
      },
      {
        title: 'one environment variable from a ConfigMap that does not exist',
        spec: withVariables({ name: 'REGION', valueFrom: { configMapKeyRef: { name: 'settings', key: 'region' } } }),
      },
    ],
  },
  check: (input) => checkReferences(input, concern),
};

const concern = {
  includes: (reference) => reference.kind === 'ConfigMap' && isConfiguration(reference),
  consequence: whileMissing,
} satisfies Concern;
