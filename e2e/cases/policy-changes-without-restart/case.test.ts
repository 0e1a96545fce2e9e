/**
 * @alone it installs the chart with a policy.
 * @installs the chart with a policy to begin with.
 * @slow the pods are replaced when the first policy comes, once to begin with a broken one, and when the last one goes.
 */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../../../scripts/cluster/command.ts';
import { release } from '../../../scripts/quickstart/install.ts';
import { whileAdmitting } from '../../harness/admission-load.ts';
import { bypassLabel, pastTheWebhook } from '../../harness/bypass.ts';
import { helm, installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectl, kubectlOk, type KubectlResult } from '../../harness/kubectl.ts';
import { renewPods, untilComplete } from '../../harness/leader.ts';
import { untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { listPods } from '../../harness/replicas.ts';

/** A mounted ConfigMap would be up to date after 90 s; this is far less, and far more than a busy machine needs. In milliseconds. */
const withinSecondsMs = 45_000;

const configMap = `${release.name}-policy`;
const system = ['--namespace', release.namespace];
const chart = fileURLToPath(new URL('../../../chart', import.meta.url));

interface PolicyState {
  readonly tolerated?: readonly { readonly rule: string }[];
  readonly excused?: readonly string[];
}

/** Without pods; of its image one rule has something to say, which only warns by itself. */
const unpinned = (name: string): object => ({
  apiVersion: 'mcp.x-k8s.io/v1beta1',
  kind: 'MCPServer',
  metadata: { name, labels: { [bypassLabel]: 'true' } },
  spec: {
    source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:latest' } },
    config: { port: 8080 },
    runtime: { replicas: 0 },
  },
});

const withPolicy = (...settings: readonly string[]): Promise<void> =>
  installChart({ args: ['policy.extends=restricted', ...settings].flatMap((setting) => ['--set', setting]) });

async function podsOfOurs(): Promise<readonly unknown[]> {
  const pods = await listPods();
  return pods
    .map(({ metadata, status }) => [metadata.uid, containersOf(status?.['containerStatuses'])])
    .sort(([one], [other]) => String(one).localeCompare(String(other)));
}

function containersOf(statuses: unknown): readonly unknown[] {
  const all = statuses as readonly { readonly name: string; readonly restartCount: number }[];
  return all.map(({ name, restartCount }) => [name, restartCount]);
}

describe('a policy', () => {
  const namespace = useNamespace();

  const answer = async (): Promise<{ readonly code: number; readonly stderr: string }> =>
    kubectl(['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'], unpinned('new'));
  const untilAnswer = (what: string, isIt: (answer: { code: number; stderr: string }) => boolean): Promise<unknown> =>
    eventually(what, async () => isIt(await answer()), { withinMs: withinSecondsMs, describe: answer });
  const policyState = async (): Promise<PolicyState> => {
    const extensions = (await get(namespace, 'mcpservers', 'old'))?.status?.['extensions'] ?? {};
    return (extensions as { readonly policy?: PolicyState }).policy ?? {};
  };
  const toleratedRules = async (): Promise<readonly string[]> =>
    ((await policyState()).tolerated ?? []).map(({ rule }) => rule);
  const patchOld = (spec: object, ...more: readonly string[]): Promise<KubectlResult> => {
    const patch = ['--type', 'merge', '--patch', JSON.stringify({ spec }), ...more];
    return kubectl(['patch', 'mcpserver', 'old', '--namespace', namespace, ...patch]);
  };
  const editPolicy = async (script: string): Promise<void> => {
    // What Jest gives out as the environment is a copy, of which no child knows.
    const editor = `KUBE_EDITOR=sed -i '${script}'`;
    const { code, stderr } = await runCommand(['env', editor, 'kubectl', 'edit', 'configmap', configMap, ...system]);
    if (code !== 0) throw new Error(`kubectl edit: ${stderr}`);
  };
  const eventsOfPolicy = async (): Promise<string> => kubectlOk(['describe', 'configmap', configMap, ...system]);

  beforeAll(async () => {
    await withPolicy();
    await untilComplete();
    await apply(namespace, unpinned('old'));
    await untilCondition(namespace, 'old', { type: 'Accepted', status: 'True' });
  });

  it('that changes nothing changes no verdict', async () => {
    const { code, stderr } = await answer();
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Warning: .*\[image-tag-pinned\]$/m);
    expect(await toleratedRules()).toEqual([]);
  });

  it('is taken over within seconds, by helm upgrade and by kubectl edit, with no restart and no admission lost', async () => {
    const pods = await podsOfOurs();
    const failures = await whileAdmitting(namespace, async ({ during, untilMore }) => {
      await untilMore(20);
      await during('helm upgrade changed the policy', () => withPolicy('policy.rules.image-tag-pinned.action=deny'));
      await during('it came into force', () =>
        untilAnswer(
          'a new server is refused',
          ({ code, stderr }) => code !== 0 && stderr.includes('[image-tag-pinned]'),
        ),
      );
      await eventually('the stored one is judged again, and tolerated', async () =>
        (await toleratedRules()).includes('image-tag-pinned'),
      );
      await during('kubectl edit changed the policy', () => editPolicy('s/action: deny/action: "off"/'));
      await untilAnswer('nothing is said any more', ({ code, stderr }) => code === 0 && stderr === '');
      await eventually('nothing is tolerated any more', async () => (await toleratedRules()).length === 0);
      await during('what is broken is written', () => editPolicy('s/action: "off"/action: refuse/'));
      await eventually('whoever looks at the ConfigMap is told', async () =>
        (await eventsOfPolicy()).includes('PolicyUnusable'),
      );
      await untilMore(20);
    });
    expect(failures).toEqual([]);
    // The last good one goes on, and nobody but the ConfigMap says so.
    expect(await answer()).toMatchObject({ code: 0, stderr: '' });
    expect(conditionOf(await get(namespace, 'mcpservers', 'old'), 'Accepted')?.message).toBe('Configuration is valid');
    expect(await podsOfOurs()).toEqual(pods);
  });

  it('that is broken from the start leaves the built-in one in force, and each verdict says so', async () => {
    await renewPods();
    const { code, stderr } = await answer();
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Warning: .*built-in profile/m);
    expect(stderr).toMatch(/^Warning: .*\[image-tag-pinned\]$/m);
    await eventually('status says so', async () =>
      conditionOf(await get(namespace, 'mcpservers', 'old'), 'Accepted')?.message.includes('built-in profile'),
    );
    await editPolicy('s/action: refuse/action: "off"/');
    await untilAnswer('the policy is in force', (said) => said.code === 0 && said.stderr === '');
    await eventually('status says nothing of it any more', async () => {
      const accepted = conditionOf(await get(namespace, 'mcpservers', 'old'), 'Accepted');
      return accepted?.message === 'Configuration is valid';
    });
  });

  it('that was edited is put back by no helm upgrade, which says who edited it, until it is told to', async () => {
    const strict = ['--set', 'policy.rules.image-tag-pinned.action=deny'];
    const upgrade = ['upgrade', release.name, chart, '--reset-then-reuse-values', ...strict];
    const { code, stderr } = await helm(...upgrade);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/conflict with "kubectl-edit".*\.data\.policy\.yaml/s);
    expect(await answer()).toMatchObject({ code: 0, stderr: '' });
    expect(await helm(...upgrade, '--force-conflicts', '--wait')).toMatchObject({ code: 0 });
    await untilAnswer('the policy of the values is in force', (said) => said.code !== 0);
    await eventually('it is tolerated', async () => (await toleratedRules()).includes('image-tag-pinned'));
  });

  it('whose exemption has ended holds changes of the pods up that got past the webhook, and nothing else', async () => {
    const exemption = {
      rule: 'image-tag-pinned',
      namespace,
      name: 'old',
      reason: 'R',
      owner: 'O',
      expires: '2026-01-01',
    };
    const settings = Object.entries(exemption).map(([field, value]) => `policy.exemptions[0].${field}=${value}`);
    await withPolicy('policy.rules.image-tag-pinned.action=deny', ...settings);
    await eventually('status tells what was excused', async () =>
      (await policyState()).excused?.includes(exemption.rule),
    );
    const labelled = (team: string | null, ...more: readonly string[]): Promise<KubectlResult> =>
      patchOld({ extraLabels: { team } }, ...more);
    const built = async (): Promise<unknown> => (await get(namespace, 'deployments', 'old'))?.spec;
    const before = await built();

    // The container that judges at the door learns of it by itself, each one of them.
    await eventually('admission refuses', async () => {
      const { code, stderr } = await labelled('search', '--dry-run=server');
      return code === 1 && stderr.includes('exemptions[0] ended 2026-01-01) [image-tag-pinned]');
    });
    await pastTheWebhook(namespace, unpinned('probe'), async () => {
      expect(await labelled('search')).toMatchObject({ code: 0 });
    });
    const refused = await untilCondition(namespace, 'old', { type: 'Accepted', status: 'False' });
    expect(conditionOf(refused, 'Accepted')?.message).toMatch(
      /exemptions\[0\] ended 2026-01-01\) \[image-tag-pinned\]; nothing is rolled out until then/,
    );
    expect(await built()).toEqual(before);

    expect(await labelled(null)).toMatchObject({ code: 0, stderr: expect.stringContaining('(not new)') });
    await untilCondition(namespace, 'old', { type: 'Accepted', status: 'True' });
    expect(await patchOld({ runtime: { replicas: 1 } })).toMatchObject({ code: 0 });
    await eventually('it is scaled', async () => JSON.stringify(await built()).includes('"replicas":1'));
  });
});
