import type { Rule } from '../engine/rule.ts';

export const tlsImplemented: Rule = {
  id: 'tls-implemented',
  severity: 'deny',
  summary: 'spec.transport.tls.enabled must be false: this version cannot connect to a server over TLS.',
  rationale:
    'With TLS enabled, the address in status would say `https` and verification would connect over TLS. This version ' +
    'does neither, and a setting that is accepted and ignored is worse than one that is refused.',
  remedy: 'Remove spec.transport.tls, or set enabled to false, and let the server serve plain HTTP.',
  examples: {
    accepts: [{ title: 'a server that serves plain HTTP', spec: { transport: { tls: { enabled: false } } } }],
    rejects: [{ title: 'a server that serves TLS itself', spec: { transport: { tls: { enabled: true } } } }],
  },
  check: ({ server }) =>
    server.spec.transport?.tls?.enabled === true
      ? [
          {
            path: ['spec', 'transport', 'tls', 'enabled'],
            headline: 'TLS is not implemented in this version',
            detail: 'found enabled: true',
          },
        ]
      : [],
};
