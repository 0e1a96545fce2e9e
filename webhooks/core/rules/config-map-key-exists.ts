import type { Rule } from '../engine/rule.ts';
import { checkKeys } from './parts/missing-key.ts';
import { ofConfigMap, withMounts, withVariables } from './parts/example-specs.ts';

export const configMapKeyExists: Rule = {
  id: 'config-map-key-exists',
  severity: 'warn',
  holdsBack: true,
  summary: 'Every key of a ConfigMap that the server uses by name must exist, unless the reference is optional.',
  rationale:
    'A container that reads a missing key is never created, and a volume that projects one is never mounted: the pods ' +
    'wait, and only their events say why. A key may arrive later, as the ConfigMap itself, so this is a warning and not ' +
    'a refusal: the server is stored, is `Accepted=False` until the key exists, and then starts by itself.',
  remedy: 'Add the key, correct its name, or mark the reference as optional.',
  examples: {
    accepts: [
      {
        title: 'a variable from a key that exists',
        spec: withVariables({ name: 'REGION', valueFrom: { configMapKeyRef: { name: 'settings', key: 'region' } } }),
        configMaps: { settings: ['region'] },
      },
      {
        title: 'a missing key that is optional',
        spec: withVariables({
          name: 'REGION',
          valueFrom: { configMapKeyRef: { name: 'settings', key: 'region', optional: true } },
        }),
        configMaps: { settings: ['zone'] },
      },
      {
        title: 'a ConfigMap that is mounted as a whole, whatever its keys',
        spec: withMounts({ path: '/etc/search', source: ofConfigMap({ name: 'search-config' }) }),
        configMaps: { 'search-config': [] },
      },
    ],
    rejects: [
      {
        title: 'a variable from a key that the ConfigMap does not have',
        spec: withVariables({ name: 'REGION', valueFrom: { configMapKeyRef: { name: 'settings', key: 'region' } } }),
        configMaps: { settings: ['regions', 'zone'] },
      },
      {
        title: 'a mounted file whose key does not exist',
        spec: withMounts({
          path: '/etc/search',
          source: ofConfigMap({ name: 'search-config', items: [{ key: 'config.toml', path: 'config.toml' }] }),
        }),
        configMaps: { 'search-config': [] },
      },
    ],
  },
  check: (input) => checkKeys('ConfigMap', input),
};
