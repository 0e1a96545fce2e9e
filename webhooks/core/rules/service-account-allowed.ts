import { patternsOf } from '../engine/name-patterns.ts';
import { defineRule, type Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { listed } from './parts/listed.ts';
import { maxPatterns, objectName } from './parts/parameter-forms.ts';

const parameters = { allowed: ['mcp-*', 'search'] };

export const serviceAccountAllowed: Rule = defineRule({
  id: 'service-account-allowed',
  severity: 'deny',
  isOptIn: true,
  summary: 'The service account must be one that the policy lists, by its name or a glob.',
  rationale:
    'A server with a service account holds its token and may do whatever the account may. Kubernetes lets everybody who may ' +
    'create pods in a namespace use every account in it, so whoever may write MCPServers could take the one of a backup job ' +
    'or of a deployment tool. A server that names no account runs as `default` without a token, which is always allowed; ' +
    'one that names `default` gets its token, so `default` has to be on the list then.',
  remedy: 'Use a service account that the policy lists, or none.',
  parameters: {
    allowed: {
      type: 'strings',
      form: objectName,
      maxItems: maxPatterns,
      help: 'Names of service accounts, or globs: `mcp-*`.',
    },
  },
  examples: {
    accepts: [
      { title: 'a server that names no account', parameters },
      { title: 'an account that is listed', spec: withAccount('search'), parameters },
      { title: 'an account that a glob covers', spec: withAccount('mcp-search'), parameters },
    ],
    rejects: [
      { title: 'another account', spec: withAccount('backup'), parameters },
      { title: 'the token of the account default', spec: withAccount('default'), parameters },
    ],
  },
  check({ server }, { allowed }) {
    // Not from the references, which leave `default` out.
    const name = server.spec.runtime?.security?.serviceAccountName ?? '';
    if (name === '' || patternsOf(allowed).has(name)) return none;
    return [
      {
        path: ['spec', 'runtime', 'security', 'serviceAccountName'],
        headline: 'the service account is not allowed here',
        detail: `found '${name}'`,
        remedy: `Use one that the policy lists, or none: ${listed(allowed)}.`,
      },
    ];
  },
});

function withAccount(serviceAccountName: string): Readonly<Record<string, unknown>> {
  return { runtime: { security: { serviceAccountName } } };
}
