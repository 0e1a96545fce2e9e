import { beforeAll, describe, expect, it } from '@jest/globals';
import { kubectl } from '../../harness/kubectl.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { applyDefaults } from '../../../webhooks/core/defaults/apply.ts';
import type { Example } from '../../../webhooks/core/engine/rule.ts';
import { deployment } from '../../../webhooks/core/resources/deployment.ts';
import { rules } from '../../../webhooks/core/rules/index.gen.ts';
import { anMCPServer, withRawSpec } from '../../../webhooks/core/testing/builders.ts';

/** The rules that say what the restricted Pod Security Standard says. */
const chosen = rules.filter(({ isAboutPrivileges }) => isAboutPrivileges === true);

function samplesOf(verdict: 'accepts' | 'rejects'): readonly (readonly [title: string, name: string, Example])[] {
  return chosen.flatMap(({ id, examples }) =>
    examples[verdict].map(
      (example, index) => [`${id}: ${example.title}`, `${id}-${verdict}-${index}`, example] as const,
    ),
  );
}

/** The pod that the Deployment of this MCPServer would create. */
function podOf(name: string, example: Example): object {
  const server = applyDefaults(anMCPServer(withRawSpec(example.spec ?? {})));
  const { metadata, spec } = podTemplateOf(deployment.build({ server })[0]);
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name }, spec };
}

/** A Deployment always has a template; its type only says that an expanded object may have any field. */
function podTemplateOf(object: object | undefined): { readonly metadata: object; readonly spec: object } {
  return (object as { readonly spec: { readonly template: { readonly metadata: object; readonly spec: object } } }).spec
    .template;
}

describe('a namespace that enforces the restricted Pod Security Standard', () => {
  const namespace = useNamespace({
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/enforce-version': 'latest',
  });
  let admitted: readonly string[] = [];
  let refused = '';

  beforeAll(async () => {
    const items = [...samplesOf('accepts'), ...samplesOf('rejects')].map(([, name, example]) => podOf(name, example));
    const list = { apiVersion: 'v1', kind: 'List', items };
    const { stdout, stderr } = await kubectl(
      ['create', '--dry-run=server', '--namespace', namespace, '--output', 'name', '--filename', '-'],
      list,
    );
    admitted = stdout.split('\n');
    refused = stderr;
  });

  it('meets samples of every rule', () => {
    expect(chosen.length).toBeGreaterThan(0);
    expect(new Set(samplesOf('rejects').map(([title]) => title.split(':')[0])).size).toBe(chosen.length);
  });

  it.each(samplesOf('accepts'))('admits the pod of %s', (_title, name) => {
    expect(admitted).toContain(`pod/${name}`);
  });

  it.each(samplesOf('rejects'))('refuses the pod of %s', (_title, name) => {
    expect(admitted).not.toContain(`pod/${name}`);
    // By its name: what was never asked about is not admitted either.
    expect(refused).toContain(`"${name}"`);
  });
});
