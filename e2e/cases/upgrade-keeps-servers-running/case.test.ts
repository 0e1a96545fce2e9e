/**
 * @alone it upgrades the chart.
 * @slow an upgrade and a rollback, each until the last pod has changed.
 */
import { rm } from 'node:fs/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { whileAdmitting } from '../../harness/admission-load.ts';
import { helmOk, installChart, laterChart } from '../../harness/chart.ts';
import { fingerprint, settledFingerprint } from '../../harness/children.ts';
import { restoreChart } from '../../harness/installation.ts';
import { apply, get, kubectlOk } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { untilReplicasStay } from '../../harness/replicas.ts';

/** Where API servers listen themselves, behind their Service. */
async function apiServerPort(): Promise<string> {
  return kubectlOk(['get', 'endpointslices', 'kubernetes', '--output', 'jsonpath={.ports[0].port}']);
}

describe('an upgrade', () => {
  const namespace = useNamespace();
  let before: readonly string[] = [];

  // Whatever happened: the next case finds the chart as it was.
  afterAll(restoreChart);

  it('to another version with other values refuses and loses no admission, and writes nothing to what runs', async () => {
    await apply(namespace, kubernetesServer('steady'));
    await untilCondition(namespace, 'steady', { type: 'Verified', status: 'True' });
    before = await settledFingerprint(namespace);
    const later = await laterChart();
    const values = [
      ...['--set', 'replicas=3,metrics.service.enabled=true,networkPolicy.enabled=true'],
      ...['--set', `networkPolicy.apiServerPorts={${await apiServerPort()}}`],
      ...['--set-string', 'podAnnotations.e2e=upgraded'],
    ];
    const failures = await whileAdmitting(namespace, async ({ during, untilMore }) => {
      await untilMore(20);
      await during('the chart was upgraded', () => installChart({ chart: later, args: values }));
      await untilReplicasStay();
      await untilMore(20);
    }).finally(() => rm(later, { recursive: true }));
    expect(failures).toEqual([]);
    expect(await fingerprint(namespace)).toEqual(before);
    const crd = await get(release.namespace, 'customresourcedefinitions', 'mcpservers.mcp.x-k8s.io');
    expect(crd?.metadata.labels?.['app.kubernetes.io/version']).toBe('9.9.9');
  });

  it('with a network policy around our pods leaves them all the ways that they need', async () => {
    expect(await get(release.namespace, 'networkpolicies', release.name)).toBeDefined();
    await apply(namespace, kubernetesServer('newcomer'));
    await untilCondition(namespace, 'newcomer', { type: 'Verified', status: 'True' });
    await kubectlOk(['delete', 'mcpserver', 'newcomer', '--namespace', namespace]);
  });

  it('can be tested with helm test', async () => {
    expect(await helmOk('test', release.name)).toMatch(/Phase: +Succeeded/);
  });

  it('can be rolled back in the same way', async () => {
    const failures = await whileAdmitting(namespace, async ({ during, untilMore }) => {
      await untilMore(20);
      await during('the chart was rolled back', () => helmOk('rollback', release.name, '--wait', '--timeout', '5m'));
      await untilReplicasStay();
      await untilMore(20);
    });
    expect(failures).toEqual([]);
    expect(await get(release.namespace, 'networkpolicies', release.name)).toBeUndefined();
    const ofSteady = (id: string): boolean => !id.includes('newcomer');
    expect((await fingerprint(namespace)).filter(ofSteady)).toEqual(before);
  });
});
