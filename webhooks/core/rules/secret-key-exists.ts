import type { Rule } from '../engine/rule.ts';
import { checkKeys } from './parts/missing-key.ts';
import { ofSecret, withMounts, withVariables } from './parts/example-specs.ts';

export const secretKeyExists: Rule = {
  id: 'secret-key-exists',
  severity: 'warn',
  holdsBack: true,
  summary: 'Every key of a Secret that the server uses by name must exist, unless the reference is optional.',
  rationale:
    'A container that reads a missing key is never created, and a volume that projects one is never mounted: the pods ' +
    'wait, and only their events say why. A key may arrive later, as the Secret itself, so this is a warning and not a ' +
    'refusal: the server is stored, is `Accepted=False` until the key exists, and then starts by itself. Values are ' +
    'never looked at, and the keys that the Secret does have are not told.',
  remedy: 'Add the key, correct its name, or mark the reference as optional.',
  examples: {
    accepts: [
      {
        title: 'a variable from a key that exists',
        spec: withVariables({ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'search-token', key: 'token' } } }),
        secrets: { 'search-token': ['token'] },
      },
      {
        title: 'a mounted file whose key is optional',
        spec: withMounts({
          path: '/etc/search',
          source: ofSecret({ secretName: 'search-token', optional: true, items: [{ key: 'extra', path: 'extra' }] }),
        }),
        secrets: { 'search-token': ['token'] },
      },
    ],
    rejects: [
      {
        title: 'a variable from a key that the Secret does not have',
        spec: withVariables({ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'search-token', key: 'token' } } }),
        secrets: { 'search-token': ['password'] },
      },
      {
        title: 'a mounted file whose key does not exist',
        spec: withMounts({
          path: '/etc/tls',
          source: ofSecret({ secretName: 'search-tls', items: [{ key: 'tls.key', path: 'key.pem' }] }),
        }),
        secrets: { 'search-tls': ['tls.crt'] },
      },
    ],
  },
  check: (input) => checkKeys('Secret', input),
};
