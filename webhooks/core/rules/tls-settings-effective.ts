import type { Rule } from '../engine/rule.ts';
import type { Violation } from '../mcpserver/violation.ts';

export const tlsSettingsEffective: Rule = {
  id: 'tls-settings-effective',
  severity: 'warn',
  summary: 'Settings in spec.transport.tls should come with enabled: true, without which they have no effect.',
  rationale:
    'While enabled is false (the default) the address in status says http, and the verification speaks plain HTTP: to a ' +
    'server that serves HTTPS it then says `Verified=False`. Whoever names a CA bundle mostly means TLS to be used.',
  remedy: 'Set spec.transport.tls.enabled to true, or remove this field.',
  examples: {
    accepts: [
      {
        title: 'a CA bundle with TLS',
        spec: { transport: { tls: { enabled: true, caBundleSecret: { name: 'internal-ca' } } } },
      },
      { title: 'TLS switched off', spec: { transport: { tls: { enabled: false, insecureSkipVerify: false } } } },
    ],
    rejects: [
      { title: 'a CA bundle alone', spec: { transport: { tls: { caBundleSecret: { name: 'internal-ca' } } } } },
      {
        title: 'a CA bundle and insecureSkipVerify while TLS is off',
        spec: {
          transport: { tls: { enabled: false, caBundleSecret: { name: 'internal-ca' }, insecureSkipVerify: true } },
        },
      },
    ],
  },
  check: ({ server }) => {
    const { tls } = server.spec.transport ?? {};
    if (tls === undefined || tls.enabled === true) return [];
    const { caBundleSecret, insecureSkipVerify } = tls;
    return [
      ...(caBundleSecret === undefined ? [] : [withoutEffect('caBundleSecret', `'${caBundleSecret.name}'`)]),
      ...(insecureSkipVerify === true ? [withoutEffect('insecureSkipVerify', 'true')] : []),
    ];
  },
};

function withoutEffect(field: string, found: string): Violation {
  return {
    path: ['spec', 'transport', 'tls', field],
    headline: 'has no effect while TLS is not enabled',
    detail: `found ${found}`,
  };
}
