import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';

import { referableKinds } from '../../webhooks/core/mcpserver/references.ts';

/** `group/plural` of what is looked up by name. */
function looked(isOfCluster: boolean): readonly string[] {
  return Object.values(referableKinds)
    .filter((kind) => kind.isOfCluster === isOfCluster)
    .map(({ apiVersion, plural }) => `${apiVersion.includes('/') ? apiVersion.replace(/\/.*/, '') : ''}/${plural}`)
    .sort();
}

interface Role {
  readonly metadata: { readonly name: string };
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

const gate = readFileSync('docs/guides/gate-a-pull-request.md', 'utf8');
const [, sample = ''] = /```yaml\n(apiVersion: rbac[^]*?)```/.exec(gate) ?? [];
const roles = parseAllDocuments(sample).map((document) => document.toJS() as Role);

describe('the rights to look up what servers name, as the guides have them (claims and classes were missing)', () => {
  it.each([
    ['mcp-lifecycle-check', false],
    ['mcp-lifecycle-check-classes', true],
  ])('are those of %s', (name, isOfCluster) => {
    const rules = roles.filter(({ metadata }) => metadata.name === name).flatMap((role) => role.rules);
    const told = rules.flatMap(({ apiGroups, resources }) =>
      apiGroups.flatMap((group) => resources.map((resource) => `${group}/${resource}`)),
    );
    expect(told.sort()).toEqual(looked(isOfCluster));
    expect(rules.flatMap(({ verbs }) => verbs).filter((verb) => verb !== 'get')).toEqual([]);
  });

  it('are told in the guide to policies, and every kind in what the input may have', () => {
    const rows =
      readFileSync('docs/guides/policy.md', 'utf8')
        .match(/^\| `get` .*$/gm)
        ?.join('\n') ?? '';
    for (const [kind, { plural }] of Object.entries(referableKinds)) {
      expect(rows).toContain(plural);
      expect(gate).toMatch(new RegExp(`^\\| [^|]*\\b${kind}\\b[^|]* \\| count as existing`, 'm'));
    }
  });
});
