/**
 * @alone it brings the kinds of many projects along, and installs the chart with everything switched on.
 * @slow an installation with everything, and another one after it; the first time cert-manager is built, which takes minutes.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chart } from '../../../scripts/chart/render.ts';
import { everything } from '../../../scripts/chart/variants.ts';
import { ensureReportKinds } from '../../../scripts/cluster/packages/report-kinds.ts';
import { resolveSettings } from '../../../scripts/cluster/settings.ts';
import { imageValues, release } from '../../../scripts/quickstart/install.ts';
import { nodeCrd, policyCrd } from '../../cases/hosts-are-opened-by-cilium-only/cilium-crds.ts';
import { kindsOfGateways } from '../../cases/an-mcp-gateway-offers-a-server/kinds.ts';
import { startCertManager, type RunningCertManager } from '../../harness/cert-manager.ts';
import { helmOk, programImage, uninstallChart } from '../../harness/chart.ts';
import { settledFingerprint } from '../../harness/children.ts';
import { localCluster } from '../../harness/components.ts';
import { eventually } from '../../harness/eventually.ts';
import { restoreChart } from '../../harness/installation.ts';
import { apply, kubectlOk, list } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { installMonitoringKinds, removeMonitoringKinds } from '../../harness/monitoring-kinds.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { untilNothingIsLeft } from '../../harness/uninstalled.ts';

const inRelease = { namespace: release.namespace } as const;
const kinds = { apiVersion: 'v1', kind: 'List', items: [...kindsOfGateways, policyCrd, nodeCrd] };
const kindsOfV2dy = ['mcpservers.mcp.v2dy.io', 'mcppools.mcp.v2dy.io'];
const kept = ['mcpservers.mcp.x-k8s.io', 'mcpgatewaybindings.mcp.x-k8s.io', ...kindsOfV2dy];

describe('the chart with everything, where every kind exists', () => {
  const namespace = useNamespace();
  let folder: string;
  let certManager: RunningCertManager | undefined;
  let notes = '';

  const eachReport = async (...verb: readonly string[]): Promise<void> => {
    const { openReports, policyReports } = await ensureReportKinds(resolveSettings({}, process.env).cache);
    for (const file of [openReports, policyReports]) await kubectlOk([...verb, '--filename', file]);
  };
  const inNamespace = async (plurals: string): Promise<readonly string[]> =>
    (await list(inRelease, plurals)).map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort();
  /** What the features have made for the server. */
  const made = async (): Promise<readonly string[]> => {
    const found = await list({ namespace }, 'podmonitors,ingresses', 'app=mcp-server');
    return found.map(({ kind, metadata }) => `${kind}/${metadata.name} ${metadata.uid}`).sort();
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-everything-'));
    await uninstallChart();
    certManager = await startCertManager(await localCluster());
    await installMonitoringKinds();
    await eachReport('apply', '--server-side', '--force-conflicts');
    await kubectlOk(['apply', '--server-side', '--force-conflicts', '--filename', '-'], kinds);
    await kubectlOk(['wait', '--for=condition=Established', '--timeout=60s', '--filename', '-'], kinds);
  });

  // The cluster as the other cases expect it, the chart first: it needs no kind of others.
  afterAll(async () => {
    try {
      await restoreChart();
    } finally {
      await certManager?.remove();
      await kubectlOk(['delete', '--ignore-not-found', '--filename', '-'], kinds);
      await kubectlOk(['delete', 'crd', ...kindsOfV2dy, '--ignore-not-found']);
      await eachReport('delete', '--ignore-not-found');
      await removeMonitoringKinds();
      const secrets = [`${release.name}-tls`, `${release.name}-ca`];
      await kubectlOk(['delete', 'secret', ...secrets, '--namespace', release.namespace, '--ignore-not-found']);
      await rm(folder, { recursive: true });
    }
  });

  it('is installed, and a server has what it asks for', async () => {
    const port = await kubectlOk(['get', 'endpointslices', 'kubernetes', '--output', 'jsonpath={.ports[0].port}']);
    const networkPolicy = { ...everything.networkPolicy, apiServerPorts: [Number(port)] };
    const values = join(folder, 'everything.yaml');
    await writeFile(values, JSON.stringify({ ...everything, networkPolicy }));
    const image = imageValues((await programImage()).reference);
    const args = ['--values', values, ...image, '--take-ownership', '--wait', '--timeout', '5m'];
    notes = await helmOk('install', release.name, chart, ...args);

    const metrics = { port: 'mcp', interval: '30s' };
    const ingress = { className: 'traefik', host: 'mcp.example.com' };
    await apply(namespace, kubernetesServer('search', { extensions: { metrics, ingress } }));
    for (const type of ['Verified', 'Monitored']) await untilCondition(namespace, 'search', { type, status: 'True' });
    await eventually('monitor and Ingress are there', async () => (await made()).length === 2, { describe: made });
    const probe = `configmap/${release.name}-network-probe`;
    const outcome = ['get', probe, '--namespace', release.namespace, '--output', 'jsonpath={.data.outcome}'];
    await eventually('it is found out who obeys policies', async () => (await kubectlOk(outcome)) !== '');
  }, 900_000);

  it('leaves what its notes name when it is uninstalled, and what runs, and nothing else', async () => {
    const [before, madeBefore] = [await settledFingerprint(namespace), await made()];
    await uninstallChart();
    await untilNothingIsLeft(release.name, kept);
    expect(notes).toContain(`kubectl delete crd ${kept.join(' ')}`);
    expect(notes).toContain(
      `kubectl delete secret --namespace ${release.namespace} mcp-lifecycle-tls mcp-lifecycle-ca`,
    );
    expect(await inNamespace('secrets')).toEqual(['Secret/mcp-lifecycle-ca', 'Secret/mcp-lifecycle-tls']);
    // Each goes with its owner, by the garbage collector.
    const others = 'pods,networkpolicies,leases,certificaterequests.cert-manager.io,services,endpointslices';
    await eventually('nothing of others is left', async () => (await inNamespace(others)).length === 0, {
      describe: () => inNamespace(others),
    });
    expect(await inNamespace('configmaps')).toEqual(['ConfigMap/kube-root-ca.crt']);
    expect(await inNamespace('serviceaccounts')).toEqual(['ServiceAccount/default']);
    expect(await settledFingerprint(namespace)).toEqual(before);
    expect(await made()).toEqual(madeBefore);
  }, 600_000);
});
