import { defineRule, type Rule } from '../engine/rule.ts';
import { checkAllowed } from './parts/allowed-reference.ts';
import { maxPatterns, objectName } from './parts/parameter-forms.ts';
import { ofSecret, withMounts, withVariables, withVariablesFrom } from './parts/example-specs.ts';

const parameters = { allowed: ['search', 'mcp-*'] };

export const secretAllowed: Rule = defineRule({
  id: 'secret-allowed',
  severity: 'deny',
  isOptIn: true,
  summary: 'Every Secret that the server names must be one that the policy lists, by its name or a glob.',
  rationale:
    'A server reads the Secrets that it names, and Kubernetes lets everybody who may create pods in a namespace name every ' +
    'Secret in it. To let a team write MCPServers is therefore to let it read the password of the database next to them. ' +
    'With this rule it is not: variables, mounted files, credentials of registries and CA bundles are all judged, whether ' +
    'the Secret exists or not. It says nothing about what a service account may read; that is for `service-account-allowed`.',
  remedy: 'Use a Secret that the policy lists.',
  parameters: {
    allowed: { type: 'strings', form: objectName, maxItems: maxPatterns, help: 'Names of Secrets, or globs: `mcp-*`.' },
  },
  examples: {
    accepts: [
      { title: 'a server without Secrets', parameters },
      {
        title: 'a Secret that is listed',
        spec: withVariables({ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'search', key: 'token' } } }),
        parameters,
      },
      {
        title: 'a Secret that a glob covers',
        spec: withVariablesFrom({ secretRef: { name: 'mcp-search' } }),
        parameters,
      },
      {
        title: 'any ConfigMap, which is for another rule',
        spec: withVariablesFrom({ configMapRef: { name: 'settings' } }),
        parameters,
      },
    ],
    rejects: [
      {
        title: 'a variable from another Secret',
        spec: withVariables({ name: 'KEY', valueFrom: { secretKeyRef: { name: 'database', key: 'key' } } }),
        parameters,
      },
      {
        title: 'all keys of another Secret, should it ever exist',
        spec: withVariablesFrom({ secretRef: { name: 'database', optional: true } }),
        parameters,
      },
      {
        title: 'files of another Secret',
        spec: withMounts({ path: '/keys', source: ofSecret({ secretName: 'database' }) }),
        parameters,
      },
      {
        title: 'credentials of a registry in another Secret',
        spec: { source: { containerImage: { imagePullSecrets: [{ name: 'registry' }] } } },
        parameters,
      },
      {
        title: 'a CA bundle in another Secret',
        spec: { transport: { tls: { enabled: true, caBundleSecret: { name: 'internal-ca' } } } },
        parameters,
      },
    ],
  },
  check: ({ references }, { allowed }) => checkAllowed(references, { kind: 'Secret', allowed }),
});
