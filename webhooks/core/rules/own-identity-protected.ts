import type { Installation } from '../engine/installation.ts';
import type { Rule, RuleInput } from '../engine/rule.ts';
import { join, none } from '../engine/violations.ts';
import { namespaceOf } from '../mcpserver/names.ts';
import type { Reference } from '../mcpserver/references.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { ofSecret, withMounts, withVariables } from './parts/example-specs.ts';

/** As the chart names them in a release of its own name; in the namespace of the examples. */
const installation: Installation = {
  namespace: 'mcp',
  image: 'registry.example.com/mcp-lifecycle:0.1.0',
  clusterDomain: 'cluster.local',
  serviceAccounts: ['mcp-lifecycle', 'mcp-lifecycle-admission-check'],
  secrets: ['mcp-lifecycle-certificate'],
  podLabels: { 'app.kubernetes.io/name': 'mcp-lifecycle', 'app.kubernetes.io/instance': 'mcp-lifecycle' },
};

export const ownIdentityProtected: Rule = {
  id: 'own-identity-protected',
  severity: 'deny',
  isMandatory: true,
  summary: 'An MCPServer in the namespace of mcp-lifecycle must not use its account, its certificate or its labels.',
  rationale:
    'The ServiceAccount of mcp-lifecycle reads Secrets in every namespace, and the Secret of its certificate holds the ' +
    'key by which API servers know who answers for admission. Whoever may create MCPServers beside it would get both by ' +
    'naming them: the token of the account is mounted, the Secret becomes a file or a variable. Pods with the labels of ' +
    'its own count as its own for its Service, its disruption budget and its network policy. Objects of these names in ' +
    'other namespaces are other objects, and free to use. Where mcp-lifecycle runs is known in a cluster only, so ' +
    '`check` and `render` say nothing about this.',
  remedy: 'Give the server an account and Secrets of its own, best in another namespace.',
  examples: {
    accepts: [
      {
        title: 'a server with an account and a Secret of its own',
        spec: {
          config: { envFrom: [{ secretRef: { name: 'search' } }] },
          runtime: { security: { serviceAccountName: 'search' } },
        },
        installation,
      },
      {
        title: 'an account of the same name in another namespace',
        spec: { runtime: { security: { serviceAccountName: 'mcp-lifecycle' } } },
        installation: { ...installation, namespace: 'mcp-lifecycle-system' },
      },
      {
        title: 'one of two labels',
        spec: { extraLabels: { 'app.kubernetes.io/name': 'mcp-lifecycle' } },
        installation,
      },
    ],
    rejects: [
      {
        title: 'the account that reads Secrets everywhere',
        spec: { runtime: { security: { serviceAccountName: 'mcp-lifecycle' } } },
        installation,
      },
      {
        title: 'the certificate as files',
        spec: withMounts({ path: '/tls', source: ofSecret({ secretName: 'mcp-lifecycle-certificate' }) }),
        installation,
      },
      {
        title: 'the key in a variable',
        spec: withVariables({
          name: 'KEY',
          valueFrom: { secretKeyRef: { name: 'mcp-lifecycle-certificate', key: 'ca.key' } },
        }),
        installation,
      },
      { title: 'the labels of the pods of mcp-lifecycle', spec: { extraLabels: installation.podLabels }, installation },
    ],
  },
  check(input) {
    const ours = input.installation;
    return ours?.namespace === namespaceOf(input.server) ? checkBesideUs(input, ours) : none;
  },
};

function checkBesideUs({ server, references }: RuleInput, ours: Installation): readonly Violation[] {
  return join(
    checkAccount(server, ours),
    references.filter(({ kind, name }) => kind === 'Secret' && ours.secrets.includes(name)).map(toViolation),
    checkLabels(server, ours),
  );
}

/** Not from the references, which leave `default` out: the account of an installation may be that one. */
function checkAccount({ spec }: MCPServer, { serviceAccounts }: Installation): readonly Violation[] {
  const name = spec.runtime?.security?.serviceAccountName ?? '';
  if (!serviceAccounts.includes(name)) return none;
  return [
    {
      path: ['spec', 'runtime', 'security', 'serviceAccountName'],
      headline: 'the account is that of mcp-lifecycle itself',
      detail: `found '${name}'`,
    },
  ];
}

function toViolation({ path, name }: Reference): Violation {
  return { path, headline: 'the Secret holds a key of mcp-lifecycle itself', detail: `found '${name}'` };
}

function checkLabels({ spec }: MCPServer, { podLabels }: Installation): readonly Violation[] {
  const wanted = Object.entries(podLabels);
  const isOurs = wanted.length > 0 && wanted.every(([key, value]) => spec.extraLabels?.[key] === value);
  if (!isOurs) return none;
  return [
    {
      path: ['spec', 'extraLabels'],
      headline: 'the labels are those of the pods of mcp-lifecycle itself',
      detail: `found ${wanted.map(([key, value]) => `${key}: ${value}`).join(', ')}`,
      remedy: 'Change or remove one of them.',
    },
  ];
}
