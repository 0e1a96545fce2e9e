import type { Rule } from '../engine/rule.ts';

export const tlsTrustExclusive: Rule = {
  id: 'tls-trust-exclusive',
  severity: 'deny',
  summary: 'spec.transport.tls must not have both insecureSkipVerify and caBundleSecret.',
  rationale:
    'A CA bundle says whose certificates to trust, insecureSkipVerify says to trust all of them: one of the two was ' +
    'not meant, and ignoring the bundle would be the dangerous guess. While enabled is false neither has an effect.',
  remedy: 'Remove spec.transport.tls.insecureSkipVerify, and keep the CA bundle.',
  examples: {
    accepts: [
      {
        title: 'a CA bundle',
        spec: { transport: { tls: { enabled: true, caBundleSecret: { name: 'internal-ca' } } } },
      },
      { title: 'any certificate', spec: { transport: { tls: { enabled: true, insecureSkipVerify: true } } } },
      {
        title: 'both while TLS is off',
        spec: { transport: { tls: { caBundleSecret: { name: 'internal-ca' }, insecureSkipVerify: true } } },
      },
    ],
    rejects: [
      {
        title: 'a CA bundle beside insecureSkipVerify',
        spec: {
          transport: { tls: { enabled: true, caBundleSecret: { name: 'internal-ca' }, insecureSkipVerify: true } },
        },
      },
    ],
  },
  check: ({ server }) => {
    const { enabled, caBundleSecret, insecureSkipVerify } = server.spec.transport?.tls ?? {};
    if (enabled !== true || caBundleSecret === undefined || insecureSkipVerify !== true) return [];
    return [
      {
        path: ['spec', 'transport', 'tls', 'insecureSkipVerify'],
        headline: 'insecureSkipVerify and caBundleSecret are mutually exclusive',
        detail: `found caBundleSecret '${caBundleSecret.name}' beside insecureSkipVerify: true`,
        cause: [caBundleSecret.name],
      },
    ];
  },
};
