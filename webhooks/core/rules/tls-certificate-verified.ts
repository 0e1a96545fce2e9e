import type { Rule } from '../engine/rule.ts';

export const tlsCertificateVerified: Rule = {
  id: 'tls-certificate-verified',
  severity: 'warn',
  summary: 'The certificate of a server that serves HTTPS should be verified.',
  rationale:
    'With insecureSkipVerify the verification accepts the certificate of whoever answers: `Verified=True` then says that ' +
    'somebody speaks MCP there, not that it is this server. That helps while a server is tried with a self-signed ' +
    'certificate; afterwards a CA bundle says the same without the doubt. A CA bundle beside it is refused by ' +
    '`tls-trust-exclusive`, and while enabled is false `tls-settings-effective` reports it.',
  remedy: 'Name the CA in spec.transport.tls.caBundleSecret, and remove insecureSkipVerify.',
  examples: {
    accepts: [
      {
        title: 'a CA bundle',
        spec: { transport: { tls: { enabled: true, caBundleSecret: { name: 'internal-ca' } } } },
      },
      { title: 'a certificate of a public CA', spec: { transport: { tls: { enabled: true } } } },
      { title: 'a server without TLS', spec: { transport: { tls: { enabled: false } } } },
    ],
    rejects: [
      {
        title: 'a certificate that nobody verifies',
        spec: { transport: { tls: { enabled: true, insecureSkipVerify: true } } },
      },
    ],
  },
  check: ({ server }) => {
    const { enabled, caBundleSecret, insecureSkipVerify } = server.spec.transport?.tls ?? {};
    if (enabled !== true || insecureSkipVerify !== true || caBundleSecret !== undefined) return [];
    return [
      {
        path: ['spec', 'transport', 'tls', 'insecureSkipVerify'],
        headline: 'the certificate of the server is not verified',
        detail: 'found insecureSkipVerify: true',
      },
    ];
  },
};
