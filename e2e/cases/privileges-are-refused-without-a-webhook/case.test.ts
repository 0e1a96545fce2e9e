/**
 * @alone it installs the chart with a webhook that fails open, and stops our programs.
 * @installs the chart like that to begin with.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import type { Example } from '../../../webhooks/core/engine/rule.ts';
import { rules } from '../../../webhooks/core/rules/index.gen.ts';
import { anMCPServer, withRawSpec } from '../../../webhooks/core/testing/builders.ts';
import { installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { get, kubectl, kubectlOk, type KubectlResult } from '../../harness/kubectl.ts';
import { untilComplete } from '../../harness/leader.ts';
import { kubernetesServer } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { untilNoReplica, withoutFarewells } from '../../harness/replicas.ts';

const admissionPolicy = 'mcp-lifecycle-privileges';
const chosen = rules.filter(({ isAboutPrivileges }) => isAboutPrivileges === true);

interface Sample {
  readonly title: string;
  readonly name: string;
  readonly id: string;
  readonly example: Example;
}

function samplesOf(verdict: 'accepts' | 'rejects'): readonly Sample[] {
  return chosen.flatMap(({ id, examples }) =>
    examples[verdict].map((example, index) => {
      return { title: `${id}: ${example.title}`, name: `${id}-${verdict}-${index}`, id, example };
    }),
  );
}

/** As its author writes it: without a default. */
function serverOf({ name, example }: Sample): object {
  const { apiVersion, kind, spec } = anMCPServer(withRawSpec(example.spec ?? {}));
  return { apiVersion, kind, metadata: { name }, spec };
}

function secured(name: string, securityContext: object): object {
  return kubernetesServer(name, { runtime: { security: { securityContext } } });
}

describe('API servers whose webhook fails open and does not answer', () => {
  const namespace = useNamespace();

  const create = (server: object, ...more: readonly string[]): Promise<KubectlResult> =>
    kubectl(['create', '--namespace', namespace, '--filename', '-', ...more], server);
  const patch = (name: string, change: object): Promise<KubectlResult> =>
    kubectl([
      'patch',
      'mcpserver',
      name,
      '--namespace',
      namespace,
      '--type',
      'merge',
      '--patch',
      JSON.stringify(change),
    ]);
  const runPrograms = (replicas: number): Promise<string> =>
    kubectlOk(['scale', 'deployment', release.name, `--replicas=${replicas}`, '--namespace', release.namespace]);
  const bind = (action: 'Deny' | 'Audit'): Promise<string> => {
    const change = JSON.stringify({ spec: { validationActions: [action] } });
    return kubectlOk([
      'patch',
      'validatingadmissionpolicybinding',
      admissionPolicy,
      '--type',
      'merge',
      '--patch',
      change,
    ]);
  };

  beforeAll(async () => {
    await installChart({ args: ['--set', 'webhook.failurePolicy.validating=Ignore'] });
    await runPrograms(0);
    await withoutFarewells(untilNoReplica);
    await bind('Audit');
    await eventually('a privilege passes', async () => (await create(secured('old', { privileged: true }))).code === 0);
    await bind('Deny');
    const probe = secured('probe', { privileged: true });
    await eventually('a privilege is refused', async () => (await create(probe, '--dry-run=server')).code !== 0);
  });

  afterAll(async () => {
    await runPrograms(2);
    await untilComplete();
  });

  describe('and whom the samples of the rules are sent to', () => {
    let admitted: readonly string[] = [];
    let refused: readonly string[] = [];

    beforeAll(async () => {
      const items = [...samplesOf('accepts'), ...samplesOf('rejects')].map(serverOf);
      const { stdout, stderr } = await create(
        { apiVersion: 'v1', kind: 'List', items },
        ...['--dry-run=server', '--output', 'name'],
      );
      admitted = stdout.split('\n');
      refused = stderr.split('\n').filter((line) => line.includes(`ValidatingAdmissionPolicy '${admissionPolicy}'`));
    });

    it.each(samplesOf('accepts'))('admit $title', ({ name }) => {
      expect(admitted).toContain(`mcpserver.mcp.x-k8s.io/${name}`);
    });

    // Only the first rule that refuses is told, and some samples break two; what matters is that the policy refused it.
    it.each(samplesOf('rejects'))('refuse $title', ({ name }) => {
      expect(admitted).not.toContain(`mcpserver.mcp.x-k8s.io/${name}`);
      expect(refused.some((line) => line.includes(`"${name}"`))).toBe(true);
    });
  });

  it('let what was there before pass, and nothing beside it', async () => {
    expect((await patch('old', { metadata: { labels: { team: 'search' } } })).code).toBe(0);
    const more = { spec: { runtime: { security: { securityContext: { procMount: 'Unmasked' } } } } };
    expect((await patch('old', more)).stderr).toContain('[proc-mount]');
  });

  it('hold no server that is being deleted', async () => {
    const name = 'leaving';
    const finalizer = 'example.com/held';
    const server = { ...secured(name, {}), metadata: { name, finalizers: [finalizer] } };
    expect((await create(server)).code).toBe(0);
    await kubectlOk(['delete', 'mcpserver', name, '--namespace', namespace, '--wait=false']);
    const privileged = { spec: { runtime: { security: { securityContext: { privileged: true } } } } };
    expect((await patch(name, { ...privileged, metadata: { finalizers: null } })).code).toBe(0);
    await eventually('it is gone', async () => (await get(namespace, 'mcpservers', name)) === undefined);
  });
});
