/** @alone it uninstalls the chart. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { imageValues, release } from '../../../scripts/quickstart/install.ts';
import { helm, installChart, programImage, uninstallChart } from '../../harness/chart.ts';
import { fingerprint, settledFingerprint } from '../../harness/children.ts';
import { eventually } from '../../harness/eventually.ts';
import { restoreChart } from '../../harness/installation.ts';
import { apply, get, kubectl, list } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { withoutFarewells } from '../../harness/replicas.ts';
import { untilNothingIsLeft } from '../../harness/uninstalled.ts';

const chart = fileURLToPath(new URL('../../../chart', import.meta.url));
const asRoot = { runtime: { security: { securityContext: { runAsUser: 0 } } } };

/** The first request after helm returned is judged by us: no retry here. */
async function refusalOfRoot(namespace: string): Promise<string> {
  const args = ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'];
  return (await kubectl(args, kubernetesServer('as-root', asRoot))).stderr;
}

async function installAs(name: string, ...args: readonly string[]): Promise<{ code: number; stderr: string }> {
  const { reference } = await programImage();
  return helm('install', name, chart, ...imageValues(reference), '--wait', '--timeout', '5m', ...args);
}

describe('helm uninstall', () => {
  const namespace = useNamespace();
  let untouched: readonly string[] = [];
  const ofUntouched = async (): Promise<readonly string[]> =>
    (await fingerprint(namespace)).filter((id) => id.includes('/untouched'));

  // Whatever happened: the next run finds the chart installed.
  afterAll(async () => {
    await withoutFarewells(() => helm('uninstall', 'another', '--ignore-not-found', '--wait'));
    await restoreChart();
  });

  it('leaves nothing but the CRDs and the MCPServers', async () => {
    for (const name of ['changed', 'untouched']) await apply(namespace, kubernetesServer(name));
    for (const name of ['changed', 'untouched'])
      await untilCondition(namespace, name, { type: 'Verified', status: 'True' });
    await settledFingerprint(namespace);
    untouched = await ofUntouched();
    expect(untouched).not.toHaveLength(0);
    await uninstallChart();
    await untilNothingIsLeft(release.name);
    expect(await list({ namespace: release.namespace }, 'secrets,leases')).toEqual([]);
    expect(await get(namespace, 'deployments', 'changed')).toBeDefined();
    expect(await ofUntouched()).toEqual(untouched);
  });

  it('does not stop anybody from changing an MCPServer afterwards', async () => {
    await apply(namespace, kubernetesServer('changed', { extraLabels: { team: 'search' } }));
  });

  it('can be followed by an installation that picks up where the last one ended', async () => {
    await installChart();
    expect(await refusalOfRoot(namespace)).toContain('[run-as-non-root]');
    await eventually('the change made meanwhile has arrived', async () => {
      const deployment = await get(namespace, 'deployments', 'changed');
      return deployment?.metadata.labels?.['team'] === 'search';
    });
    for (const name of ['changed', 'untouched'])
      await untilCondition(namespace, name, { type: 'Verified', status: 'True' });
    expect(await ofUntouched()).toEqual(untouched);
  });

  it('lets a release of another name take the kept CRD over, when told to and not before', async () => {
    await uninstallChart();
    const refused = await installAs('another');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('annotation validation error');
    // What a refused installation leaves is an entry in the history, which has the name.
    await helm('uninstall', 'another', '--ignore-not-found');
    expect(await installAs('another', '--take-ownership')).toMatchObject({ code: 0 });
    expect(await refusalOfRoot(namespace)).toContain('[run-as-non-root]');
    await untilCondition(namespace, 'untouched', { type: 'Verified', status: 'True' });
    expect(await ofUntouched()).toEqual(untouched);
  });
});
