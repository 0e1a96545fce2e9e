import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { CA_BUNDLE_KEY, type Reference } from '../mcpserver/references.ts';
import { whileMissing } from './parts/missing-reference.ts';

/** By what the value of the key is. */
const problems = {
  usable: undefined,
  none: {
    headline: 'contains no valid PEM certificates',
    detail: `none could be read from the value of ${CA_BUNDLE_KEY}`,
  },
  'too-large': {
    headline: 'contains too many certificates',
    detail: `${CA_BUNDLE_KEY} may hold 500 certificates with 256 KiB in all; leave out those of CAs that issue no certificate of this server`,
  },
} as const;

export const caBundleUsable: Rule = {
  id: 'ca-bundle-usable',
  severity: 'warn',
  holdsBack: true,
  summary: `The Secret in spec.transport.tls.caBundleSecret must hold certificates in PEM under the key ${CA_BUNDLE_KEY}, 500 with 256 KiB at most.`,
  rationale:
    'The bundle is all that verification trusts: without a certificate in it no server could be verified. A Secret may ' +
    'be filled later than the server is applied (cert-manager does), so this is a warning and not a refusal: the server ' +
    'is stored, is `Accepted=False` until the key holds certificates, and then starts by itself. A Secret that does not ' +
    'exist at all is the business of `secret-exists`. Every connection that is opened waits until the whole bundle has ' +
    'been read, so it has a limit, which is more than all public CAs together.',
  remedy: `Put the certificates of the CA, in PEM, under the key ${CA_BUNDLE_KEY} of the Secret.`,
  examples: {
    accepts: [
      {
        title: 'a Secret with the key',
        spec: { transport: { tls: { enabled: true, caBundleSecret: { name: 'internal-ca' } } } },
        secrets: { 'internal-ca': ['ca.crt'] },
      },
      {
        title: 'a stale name while TLS is off',
        spec: { transport: { tls: { enabled: false, caBundleSecret: { name: 'internal-ca' } } } },
        secrets: { 'internal-ca': ['tls.crt'] },
      },
    ],
    rejects: [
      {
        title: 'a Secret without the key',
        spec: { transport: { tls: { enabled: true, caBundleSecret: { name: 'internal-ca' } } } },
        secrets: { 'internal-ca': ['tls.crt'] },
      },
    ],
  },
  check: ({ references, facts }) => {
    if (!references.some(isCaBundle)) return none;
    return references.filter(isCaBundle).flatMap(({ kind, name, path }) => {
      const found = facts.lookUp(kind, name);
      if (found.state !== 'found') return [];
      // As with every Secret, the names of its other keys are not told.
      if (!found.keys.has(CA_BUNDLE_KEY)) {
        const headline = `TLS CA bundle Secret '${name}' does not contain key "${CA_BUNDLE_KEY}"`;
        return [{ path, headline, detail: whileMissing, cause: ['no-key'] }];
      }
      const { caBundle = 'usable' } = found;
      const problem = problems[caBundle];
      if (problem === undefined) return [];
      const headline = `TLS CA bundle Secret '${name}' ${problem.headline}`;
      return [{ path, headline, detail: problem.detail, cause: [caBundle] }];
    });
  },
};

function isCaBundle({ usage }: Reference): boolean {
  return usage === 'tls-ca';
}
