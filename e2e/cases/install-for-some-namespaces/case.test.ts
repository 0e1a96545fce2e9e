/**
 * @alone it installs the chart for other namespaces than those of the cases.
 * @installs the chart for its namespaces to begin with.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { at, chart } from '../../../scripts/chart/render.ts';
import { release } from '../../../scripts/quickstart/install.ts';
import { helm, installChart } from '../../harness/chart.ts';
import { apply, get, kubectl, kubectlOk } from '../../harness/kubectl.ts';
import { renewPods } from '../../harness/leader.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const asRoot = { runtime: { security: { serviceAccountName: 'default', securityContext: { runAsUser: 0 } } } };

async function mayReadSecrets(namespace: string): Promise<string> {
  const account = `system:serviceaccount:${release.namespace}:${release.name}`;
  return (await kubectl(['auth', 'can-i', 'list', 'secrets', '--namespace', namespace, '--as', account])).stdout.trim();
}

async function refusalOfRoot(namespace: string): Promise<string> {
  const args = ['create', '--namespace', namespace, '--filename', '-'];
  return (await kubectl(args, kubernetesServer('as-root', asRoot))).stderr;
}

const configurations = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'] as const;

/** Adds to a selector and to the annotations, as the admissions enforcer of AKS does to configurations of others. */
async function enforce(kind: string): Promise<void> {
  const expression = { key: 'control-plane', operator: 'DoesNotExist' };
  const patch = [
    { op: 'add', path: '/webhooks/0/namespaceSelector/matchExpressions/-', value: expression },
    { op: 'add', path: '/metadata/annotations/example.com~1enforced', value: 'true' },
  ];
  const manager = ['--field-manager', 'admissionsenforcer'];
  await kubectlOk(['patch', kind, release.name, ...manager, '--type', 'json', '--patch', JSON.stringify(patch)]);
}

describe('watchNamespaces', () => {
  const [first, second, other] = [useNamespace(), useNamespace(), useNamespace()];

  beforeAll(() => installChart({ args: ['--set', `watchNamespaces={${first},${second}}`] }));

  it.each([first, second])('runs and judges servers in %s', async (namespace) => {
    await apply(namespace, kubernetesServer('inside'));
    await untilCondition(namespace, 'inside', { type: 'Verified', status: 'True' });
    expect(await refusalOfRoot(namespace)).toContain('[run-as-non-root]');
  });

  it('leaves servers elsewhere alone', async () => {
    await apply(other, kubernetesServer('outside', asRoot));
    // What comes later in a watched namespace is done: then this one was passed over, not late.
    await apply(first, kubernetesServer('later'));
    await untilCondition(first, 'later', { type: 'Verified', status: 'True' });
    expect(await get(other, 'deployments', 'outside')).toBeUndefined();
    expect((await get(other, 'mcpservers', 'outside'))?.status).toBeUndefined();
  });

  it('gives no right to read Secrets elsewhere', async () => {
    expect(await mayReadSecrets(first)).toBe('yes');
    expect(await mayReadSecrets(other)).toBe('no');
    expect(await mayReadSecrets(release.namespace)).toBe('no');
  });

  it("has selectors that others change: an upgrade says who did, and has the chart's again when told to", async () => {
    const selectors = async (): Promise<readonly unknown[]> => {
      const found = await Promise.all(configurations.map((kind) => get(release.namespace, kind, release.name)));
      return found.map((configuration) => at(configuration, 'webhooks.0.namespaceSelector'));
    };
    const before = await selectors();
    for (const kind of configurations) await enforce(kind);
    expect(await selectors()).not.toEqual(before);

    const upgrade = ['upgrade', release.name, chart, '--reset-then-reuse-values', '--wait'];
    const { code, stderr } = await helm(...upgrade);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/conflict with "admissionsenforcer".*\.namespaceSelector$/m);
    expect(await refusalOfRoot(first)).toContain('[run-as-non-root]');

    expect(await helm(...upgrade, '--force-conflicts')).toMatchObject({ code: 0 });
    expect(await selectors()).toEqual(before);
    // What the chart does not say stays.
    const configuration = await get(release.namespace, configurations[0], release.name);
    expect(configuration?.metadata.annotations).toMatchObject({ 'example.com/enforced': 'true' });
    expect(await refusalOfRoot(second)).toContain('[run-as-non-root]');
  });

  it('goes on in one namespace when another one is deleted', async () => {
    await kubectlOk(['delete', 'namespace', second]);
    await renewPods(first);
    await apply(first, kubernetesServer('after'));
    await untilCondition(first, 'after', { type: 'Verified', status: 'True' });
  });
});
