/**
 * @alone it installs the chart with other values, and a CustomResourceDefinition that comes and goes.
 * @installs the chart with monitoring to begin with.
 * @slow an API that comes is noticed within 20 seconds, twice; three installations.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { conditionOf, get, kubectl, kubectlOk, list } from '../../harness/kubectl.ts';
import { untilComplete } from '../../harness/leader.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { podMonitorCrd } from './pod-monitor-crd.ts';

const scraped = { metrics: { port: 'mcp', interval: '30s', labels: { release: 'prometheus' } } };
const monitored = (status: string, reason: string) => ({ type: 'Monitored', status, reason });

describe('the API of PodMonitors, in a cluster that gets and loses it', () => {
  const namespace = useNamespace();
  const crd = podMonitorCrd.metadata.name;

  const send = async (verb: readonly string[], name: string, extensions: object): Promise<string> => {
    const args = [...verb, '--namespace', namespace, '--filename', '-'];
    const { code, stderr } = await kubectl(args, kubernetesServer(name, { extensions }));
    if (code !== 0) throw new Error(stderr);
    return stderr;
  };
  const applyServer = (name: string, extensions: object = scraped): Promise<string> =>
    send(['apply'], name, extensions);
  /** What admission says of such a server: it may not know yet what there is. */
  const untilWarned = (what: string): Promise<string> =>
    eventually(`admission warns: ${what}`, async () => {
      const said = await send(['create', '--dry-run=server'], 'tried', scraped);
      return said.includes(what) && said;
    });
  const installApi = (): Promise<string> => kubectlOk(['apply', '--filename', '-'], podMonitorCrd);
  const removeApi = (): Promise<unknown> => kubectl(['delete', 'crd', crd, '--ignore-not-found']);
  /** Containers of ours, with how often each was started: what is noticed without a restart is noticed in these. */
  const starts = async (): Promise<readonly string[]> => {
    const pods = await list({ namespace: release.namespace }, 'pods', `app.kubernetes.io/instance=${release.name}`);
    return pods.map(({ metadata, status }) => {
      const containers = status?.['containerStatuses'] as readonly { readonly restartCount: number }[] | undefined;
      return `${metadata.name} ${(containers ?? []).map(({ restartCount }) => restartCount).join()}`;
    });
  };

  beforeAll(async () => {
    await removeApi();
    await installChart({ args: ['--set', 'monitoring.enabled=true'] });
    await untilComplete();
  });
  afterAll(removeApi);

  it('is said to be missing, at once and in status, and nothing waits for it', async () => {
    const warning = await untilWarned('this cluster has no PodMonitor (monitoring.coreos.com/v1)');
    expect(warning).toContain('[feature-available]');
    await applyServer('search');
    const server = await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    expect(conditionOf(server, 'Ready')).toMatchObject({ status: 'True' });
    await untilCondition(namespace, 'search', monitored('False', 'APINotInstalled'));
  });

  it('is used when it comes, is missed when it goes and used when it comes again, without a restart', async () => {
    const before = await starts();
    expect(before).not.toEqual([]);
    for (const time of ['first', 'second']) {
      await installApi();
      await untilCondition(namespace, 'search', monitored('True', 'Applied'));
      const monitor = await get(namespace, 'podmonitors', 'search');
      expect(monitor?.metadata.labels).toMatchObject({ release: 'prometheus', 'mcp-server': 'search' });
      expect(monitor?.spec).toMatchObject({
        selector: { matchLabels: { 'mcp-server': 'search' } },
        podMetricsEndpoints: [{ port: 'mcp', path: '/metrics', interval: '30s' }],
      });
      if (time === 'second') break;
      await removeApi();
      await applyServer('meanwhile', {});
      await untilCondition(namespace, 'search', monitored('False', 'APINotInstalled'));
      await untilCondition(namespace, 'meanwhile', { type: 'Verified', status: 'True' });
    }
    expect(await starts()).toEqual(before);
    const server = await get(namespace, 'mcpservers', 'search');
    expect(conditionOf(server, 'Ready')).toMatchObject({ status: 'True' });
  });

  it('gets back what somebody changes, and loses what no server asks for any more', async () => {
    const patch = JSON.stringify({ spec: { podMetricsEndpoints: [{ port: 'other' }] } });
    await kubectlOk(['patch', 'podmonitor', 'search', '--namespace', namespace, '--type=merge', '--patch', patch]);
    await eventually('the endpoint is ours again', async () => {
      const endpoints = (await get(namespace, 'podmonitors', 'search'))?.spec?.['podMetricsEndpoints'];
      return JSON.stringify(endpoints).includes('"port":"mcp"');
    });
    await applyServer('search', {});
    await eventually('the PodMonitor is gone', async () => {
      return (await get(namespace, 'podmonitors', 'search')) === undefined;
    });
    await eventually('and the condition with it', async () => {
      const server = await get(namespace, 'mcpservers', 'search');
      return server !== undefined && conditionOf(server, 'Monitored') === undefined;
    });
  });

  it('is used in namespace mode too', async () => {
    await installChart({ args: ['--set', 'monitoring.enabled=true', '--set', `watchNamespaces={${namespace}}`] });
    await applyServer('in-one-namespace');
    await untilCondition(namespace, 'in-one-namespace', monitored('True', 'Applied'));
    expect(await get(namespace, 'podmonitors', 'in-one-namespace')).toBeDefined();
  });

  it('that is switched off again leaves what exists, and names the value that switches it on', async () => {
    await installChart();
    await untilWarned('switched off here: set monitoring.enabled=true');
    await applyServer('too-late');
    const server = await untilCondition(namespace, 'too-late', monitored('False', 'FeatureDisabled'));
    expect(conditionOf(server, 'Monitored')?.message).toContain('monitoring.enabled=true');
    await untilCondition(namespace, 'in-one-namespace', monitored('False', 'FeatureDisabled'));
    expect(await get(namespace, 'podmonitors', 'in-one-namespace')).toBeDefined();
  });
});
