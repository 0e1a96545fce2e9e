import type { Policy } from '../../../webhooks/core/engine/policy.ts';
import { policyApiVersion, policyKind } from '../../../webhooks/core/policy/document.ts';
import { readPolicy } from '../../../webhooks/core/policy/read-policy.ts';
import { rules } from '../../../webhooks/core/rules/index.gen.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What holds in the namespace of the reviews, `tools`: by its name and by globs, some with parameters. */
const here: readonly Fields[] = [
  { namespaces: ['*'], rules: { 'required-labels': { parameters: { labels: { team: '*' } } } } },
  { namespaces: ['t*', 'u*'], rules: { 'max-replicas': { parameters: { max: 5 } } } },
  {
    namespaces: ['*-ools', 'to*ls'],
    rules: { 'resources-limited': { parameters: { max: { cpu: '2', memory: '4Gi' } } } },
  },
  {
    namespaces: ['*ools'],
    rules: {
      'secret-allowed': {
        parameters: { allowed: ['search-*', 'secret-*', 'token*', 'absent-*', 'registry', 'internal-ca'] },
      },
    },
  },
  {
    namespaces: ['kitchen', 'tools'],
    rules: {
      'image-registry': { action: 'warn', parameters: { allowed: ['ghcr.io/example', 'registry.example.com'] } },
      'image-registry-named': { action: 'audit' },
    },
  },
];

/** Of other namespaces, as most of a policy is. */
function elsewhere(index: number): Fields {
  return index % 2 === 0
    ? {
        namespaces: [`team-${index}`],
        rules: { 'image-tag-pinned': { action: 'deny' }, 'max-replicas': { parameters: { max: index } } },
      }
    : {
        namespaces: [`prod-*-${index}`, `*-stage-${index}`],
        rules: { 'image-registry': { parameters: { allowed: [`registry-${index}.example.com`] } }, 'image-digest': {} },
      };
}

/** Somebody else is excused, and the server of the reviews from a rule that warns. */
function exemption(name: string, namespace: string): Fields {
  return {
    ...{ rule: 'image-tag-pinned', namespace, name, expires: '2099-12-31' },
    ...{ reason: 'the vendor publishes no versions', owner: 'search@example.com' },
  };
}

export const overrides = 50;

/** A policy of {@link overrides}, by which each of the reviews gets the verdict that it gets without one. */
export function largePolicy(): Policy {
  const document = {
    apiVersion: policyApiVersion,
    kind: policyKind,
    rules: { 'image-tag-pinned': { action: 'warn' } },
    overrides: [...Array.from({ length: overrides - here.length }, (_, index) => elsewhere(index)), ...here],
    exemptions: [
      ...Array.from({ length: 20 }, (_, index) => exemption(`search-${index}`, `team-${index}`)),
      exemption('search', 'tools'),
    ],
  };
  const read = readPolicy(document, rules);
  if (read.type === 'unusable' || read.ignored.length > 0) throw new Error(`no policy: ${JSON.stringify(read)}`);
  return read.policy;
}
