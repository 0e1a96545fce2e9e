/**
 * @alone it uninstalls the chart, and installs without helm.
 * @slow it installs and removes us by manifests, and installs us again by Helm.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { buildManifests } from '../../../scripts/manifests/manifests.ts';
import { imageValues, release } from '../../../scripts/quickstart/install.ts';
import { helm, helmOk, installChart, programImage, uninstallChart } from '../../harness/chart.ts';
import { fingerprint, settledFingerprint } from '../../harness/children.ts';
import { eventually } from '../../harness/eventually.ts';
import { restoreChart } from '../../harness/installation.ts';
import { apply, get, kubectl, kubectlOk, list } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { withoutFarewells } from '../../harness/replicas.ts';

const chart = fileURLToPath(new URL('../../../chart', import.meta.url));
const crd = 'mcpservers.mcp.x-k8s.io';
const asRoot = { runtime: { security: { securityContext: { runAsUser: 0 } } } };

async function manifests(): Promise<string> {
  const { reference } = await programImage();
  return buildManifests({ image: reference, namespace: release.namespace, values: [] });
}

async function removeAsTheFileSays(): Promise<void> {
  const clusterWide = 'validatingwebhookconfiguration,mutatingwebhookconfiguration,clusterrole,clusterrolebinding';
  await kubectlOk(['delete', clusterWide, 'mcp-lifecycle', '--ignore-not-found']);
  await withoutFarewells(() => kubectlOk(['delete', 'namespace', release.namespace, '--ignore-not-found']));
}

describe('the manifests for kubectl', () => {
  const namespace = useNamespace();
  let before: readonly string[] = [];

  // Whatever happened: the next case finds the chart installed.
  afterAll(async () => {
    if ((await helm('status', release.name)).code !== 0) await removeAsTheFileSays();
    await restoreChart();
  });

  it('install with one kubectl apply, over a kept CRD and living servers', async () => {
    await apply(namespace, kubernetesServer('steady'));
    await untilCondition(namespace, 'steady', { type: 'Verified', status: 'True' });
    before = await settledFingerprint(namespace);
    await uninstallChart();
    await kubectlOk(['apply', '--filename', '-'], await manifests());
    await kubectlOk([
      'rollout',
      'status',
      'deployment/mcp-lifecycle',
      '--namespace',
      release.namespace,
      '--timeout=300s',
    ]);
    const args = ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'];
    await eventually('admission answers', async () =>
      (await kubectl(args, kubernetesServer('as-root', asRoot))).stderr.includes('[run-as-non-root]'),
    );
    await apply(namespace, kubernetesServer('newcomer'));
    await untilCondition(namespace, 'newcomer', { type: 'Verified', status: 'True' });
    await kubectlOk(['delete', 'mcpserver', 'newcomer', '--namespace', namespace]);
  });

  it('leave nothing of hooks that nobody runs', async () => {
    const objects = await list({ namespace: release.namespace }, 'jobs,pods,serviceaccounts,roles,rolebindings');
    expect(objects.filter(({ metadata }) => metadata.name.includes('admission'))).toEqual([]);
  });

  it('can be applied again: certificate, Lease and CA bundle stay', async () => {
    const state = async (): Promise<unknown> => [
      (await get(release.namespace, 'secrets', 'mcp-lifecycle-certificate'))?.data,
      (await get(release.namespace, 'validatingwebhookconfigurations', 'mcp-lifecycle'))?.metadata.resourceVersion,
    ];
    const stateBefore = await state();
    const text = await kubectlOk(['apply', '--filename', '-'], await manifests());
    expect(text.split('\n').filter((line) => line.endsWith('created'))).toEqual([]);
    expect(await state()).toEqual(stateBefore);
  });

  it('may have the check as an object like others: it finishes, stays, and is no difference', async () => {
    const { reference } = await programImage();
    const rendered = await helmOk(
      ...['template', release.name, chart, '--show-only', 'templates/admission-check.yaml'],
      ...[...imageValues(reference), '--set', 'admissionCheck.hook=false'],
    );
    await kubectlOk(['apply', '--filename', '-'], rendered);
    const [job] = (await list({ namespace: release.namespace }, 'jobs')).map(({ metadata }) => metadata.name);
    const where = ['--namespace', release.namespace];
    await kubectlOk(['wait', '--for=condition=Complete', `job/${job ?? 'of the check'}`, '--timeout=300s', ...where]);
    // It ends with 1 when something differs.
    expect(await kubectl(['diff', '--filename', '-'], rendered)).toMatchObject({ code: 0, stdout: '' });
  });

  it('can be removed as the file says, and what runs stays', async () => {
    await removeAsTheFileSays();
    const ofSteady = (id: string): boolean => !id.includes('newcomer');
    expect((await fingerprint(namespace)).filter(ofSteady)).toEqual(before);
  });

  it('can be followed by Helm, which takes the CRD over when it is told to', async () => {
    // As if it had never been Helm's.
    await kubectlOk(['label', 'crd', crd, 'app.kubernetes.io/managed-by-']);
    await kubectlOk(['annotate', 'crd', crd, 'meta.helm.sh/release-name-', 'meta.helm.sh/release-namespace-']);
    await expect(installChart()).rejects.toThrow(/take-ownership|ownership metadata/);
    await installChart({ args: ['--take-ownership'] });
    await untilCondition(namespace, 'steady', { type: 'Verified', status: 'True' });
  });
});
