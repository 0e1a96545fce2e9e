import { rm } from 'node:fs/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { startAdmissionLoad } from '../../harness/admission-load.ts';
import { helm, helmOk, installChart, laterChart } from '../../harness/chart.ts';
import { fingerprint } from '../../harness/children.ts';
import { apply, get, kubectlOk } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** Where API servers listen themselves, behind their Service. */
async function apiServerPort(): Promise<string> {
  return kubectlOk(['get', 'endpointslices', 'kubernetes', '--output', 'jsonpath={.ports[0].port}']);
}

describe('an upgrade', () => {
  const namespace = useNamespace();
  let before: readonly string[] = [];

  // Whatever happened: the next case finds the chart as it was.
  afterAll(() => installChart());

  it('to another version with other values refuses and loses no admission, and writes nothing to what runs', async () => {
    await apply(namespace, kubernetesServer('steady'));
    await untilCondition(namespace, 'steady', { type: 'Verified', status: 'True' });
    before = await fingerprint(namespace);
    const later = await laterChart();
    const load = await startAdmissionLoad(namespace);
    const values = [
      ...['--set', 'replicas=3,metrics.service.enabled=true,networkPolicy.enabled=true'],
      ...['--set', `networkPolicy.apiServerPorts={${await apiServerPort()}}`],
      ...['--set-string', 'podAnnotations.e2e=upgraded'],
    ];
    await installChart({ chart: later, args: values }).finally(() => rm(later, { recursive: true }));
    const { answered, failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(100);
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
    const load = await startAdmissionLoad(namespace);
    const { code, stderr } = await helm('rollback', release.name, '--wait', '--timeout', '3m');
    const { answered, failures } = await load.stop();
    expect({ code, stderr: code === 0 ? '' : stderr, failures }).toEqual({ code: 0, stderr: '', failures: [] });
    expect(answered).toBeGreaterThan(100);
    expect(await get(release.namespace, 'networkpolicies', release.name)).toBeUndefined();
    const ofSteady = (id: string): boolean => !id.includes('newcomer');
    expect((await fingerprint(namespace)).filter(ofSteady)).toEqual(before);
  });
});
