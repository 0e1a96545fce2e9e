import { defineRule, type Rule } from '../engine/rule.ts';
import { checkAllowed } from './parts/allowed-reference.ts';
import { maxPatterns, objectName } from './parts/parameter-forms.ts';
import { ofConfigMap, withMounts, withVariables, withVariablesFrom } from './parts/example-specs.ts';

const parameters = { allowed: ['search', 'mcp-*'] };

export const configMapAllowed: Rule = defineRule({
  id: 'config-map-allowed',
  severity: 'deny',
  isOptIn: true,
  summary: 'Every ConfigMap that the server names must be one that the policy lists, by its name or a glob.',
  rationale:
    'A server reads the ConfigMaps that it names, and in many namespaces some of them say more than their authors thought of: ' +
    'addresses, account names, whole configurations of other programs. With this rule whoever may write MCPServers reaches ' +
    'only those that the policy lists, whether as variables or as files, and whether they exist or not.',
  remedy: 'Use a ConfigMap that the policy lists.',
  parameters: {
    allowed: {
      type: 'strings',
      form: objectName,
      maxItems: maxPatterns,
      help: 'Names of ConfigMaps, or globs: `mcp-*`.',
    },
  },
  examples: {
    accepts: [
      { title: 'a server without ConfigMaps', parameters },
      {
        title: 'a ConfigMap that is listed',
        spec: withVariables({ name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'search', key: 'level' } } }),
        parameters,
      },
      {
        title: 'any Secret, which is for another rule',
        spec: withVariablesFrom({ secretRef: { name: 'database' } }),
        parameters,
      },
    ],
    rejects: [
      {
        title: 'a variable from another ConfigMap',
        spec: withVariables({ name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'level' } } }),
        parameters,
      },
      {
        title: 'all keys of another ConfigMap, should it ever exist',
        spec: withVariablesFrom({ configMapRef: { name: 'settings', optional: true } }),
        parameters,
      },
      {
        title: 'files of another ConfigMap',
        spec: withMounts({ path: '/etc/search', source: ofConfigMap({ name: 'settings' }) }),
        parameters,
      },
    ],
  },
  check: ({ references }, { allowed }) => checkAllowed(references, { kind: 'ConfigMap', allowed }),
});
