/**
 * @alone it installs the kinds of OpenReports and of the policy working group, and the chart with reports and a policy.
 * @slow an API that comes is noticed within 20 seconds, twice; three installations.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureReportKinds, type ReportKinds } from '../../../scripts/cluster/packages/report-kinds.ts';
import { resolveSettings } from '../../../scripts/cluster/settings.ts';
import { release } from '../../../scripts/quickstart/install.ts';
import { installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { installKinds } from '../../harness/kinds.ts';
import { apply, get, kubectlOk, list, type KubeObject } from '../../harness/kubectl.ts';
import { untilComplete } from '../../harness/leader.ts';
import { untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** Longer than a reconciler takes to write what it has to say, in milliseconds. */
const writtenMs = 10_000;

const withPolicy = (action: string): Promise<void> =>
  installChart({
    args: ['reports.enabled=true', `policy.rules.image-tag-pinned.action=${action}`].flatMap((one) => ['--set', one]),
  });

describe('what rules find, where the kinds of reports are those of their projects', () => {
  const namespace = useNamespace();
  let kinds: ReportKinds;

  const server = (name: string, config: object = {}): object => ({
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    metadata: { name },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:latest' } },
      config: { port: 8080, ...config },
      runtime: { replicas: 0 },
    },
  });
  const install = async (file: string): Promise<void> => {
    await installKinds(file);
  };
  const removeKinds = async (): Promise<void> => {
    for (const file of [kinds.openReports, kinds.policyReports]) {
      await kubectlOk(['delete', '--ignore-not-found', '--filename', file]);
    }
  };
  const reportOf = (plural: string, name: string): Promise<KubeObject | undefined> =>
    get(namespace, plural, `mcp-lifecycle-${name}`);
  const untilReport = (plural: string, name: string, isIt: (report: KubeObject) => boolean): Promise<KubeObject> =>
    eventually(
      `${plural} has what is found in ${name}`,
      async () => {
        const report = await reportOf(plural, name);
        return report !== undefined && isIt(report) && report;
      },
      { describe: () => reportOf(plural, name) },
    );
  const starts = async (): Promise<readonly string[]> => {
    const pods = await list({ namespace: release.namespace }, 'pods', `app.kubernetes.io/instance=${release.name}`);
    return pods.map(({ metadata, status }) => {
      const containers = status?.['containerStatuses'] as readonly { readonly restartCount: number }[] | undefined;
      return `${metadata.uid} ${(containers ?? []).map(({ restartCount }) => restartCount).join()}`;
    });
  };
  const policyReports = 'policyreports.wgpolicyk8s.io';
  const openReports = 'reports.openreports.io';

  beforeAll(async () => {
    kinds = await ensureReportKinds(resolveSettings({}, process.env).cache);
    await removeKinds();
    await withPolicy('warn');
    await untilComplete();
    const envFrom = Array.from({ length: 30 }, (_, index) => ({ configMapRef: { name: `missing-${index}` } }));
    await apply(namespace, server('search'));
    await apply(namespace, server('many', { envFrom }));
    await untilCondition(namespace, 'search', { type: 'Accepted', status: 'True' });
    await untilCondition(namespace, 'many', { type: 'Accepted', status: 'False' });
  });
  // Whatever happened: the next case finds the cluster as it was.
  afterAll(async () => {
    await installChart();
    await removeKinds();
  });

  it('is in a PolicyReport as soon as there is that kind, without a restart and with every field', async () => {
    const before = await starts();
    await install(kinds.policyReports);
    const report = await untilReport(policyReports, 'search', () => true);
    expect(await starts()).toEqual(before);
    expect(report).toMatchObject({
      apiVersion: 'wgpolicyk8s.io/v1alpha2',
      metadata: { ownerReferences: [{ kind: 'MCPServer', name: 'search' }] },
      scope: { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', namespace, name: 'search' },
      summary: { fail: 0, warn: 1, error: 0, skip: 0 },
    });
    expect(report['results']).toEqual([
      {
        ...{ source: 'mcp-lifecycle', policy: 'mcp-lifecycle', rule: 'image-tag-pinned', severity: 'medium' },
        ...{ result: 'warn', scored: false },
        message: expect.stringMatching(/\[image-tag-pinned\]$/),
        properties: { action: 'warn', path: 'spec.source.containerImage.ref' },
      },
    ]);
  });

  it('is listed up to a limit, and counted beyond it', async () => {
    const report = await untilReport(policyReports, 'many', () => true);
    expect(report['results']).toHaveLength(20);
    expect(report).toMatchObject({ summary: { warn: 31 } });
  });

  it('is told anew when the policy changes, and not written when nothing does', async () => {
    await withPolicy('deny');
    const report = await untilReport(policyReports, 'search', ({ summary }) =>
      JSON.stringify(summary).includes('"fail":1'),
    );
    expect(report['results']).toMatchObject([
      { rule: 'image-tag-pinned', severity: 'high', result: 'fail', scored: true },
    ]);
    await kubectlOk(['annotate', 'mcpserver', 'search', 'seen=again', '--namespace', namespace]);
    await sleep(writtenMs);
    expect((await reportOf(policyReports, 'search'))?.metadata.resourceVersion).toBe(report.metadata.resourceVersion);
  });

  it('moves to a Report when OpenReports comes', async () => {
    const before = await reportOf(policyReports, 'search');
    await install(kinds.openReports);
    const report = await untilReport(openReports, 'search', () => true);
    expect(report).toMatchObject({ apiVersion: 'openreports.io/v1alpha1', summary: before?.['summary'] });
    expect(report['results']).toEqual(before?.['results']);
    await eventually('the PolicyReport is gone', async () => (await reportOf(policyReports, 'search')) === undefined);
  });

  it('goes with its server', async () => {
    await untilReport(openReports, 'many', () => true);
    await kubectlOk(['delete', 'mcpserver', 'many', '--namespace', namespace]);
    await eventually('its report is gone', async () => (await reportOf(openReports, 'many')) === undefined);
    expect(await reportOf(openReports, 'search')).toBeDefined();
  });
});
