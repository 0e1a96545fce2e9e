import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const openReports = '/apis/openreports.io/v1alpha1';
const policyReports = '/apis/wgpolicyk8s.io/v1alpha2';
const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const reportPath = `${openReports}/namespaces/mcp/reports/mcp-lifecycle-search`;
const policyReportPath = `${policyReports}/namespaces/mcp/policyreports/mcp-lifecycle-search`;
/** Longer than an API can come or go unnoticed. */
const noticedMs = 65_000;

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

async function start(api: FakeKubeApi, registry = new Registry()): Promise<FakeClock> {
  const clock = createFakeClock();
  running.push(
    startLead({
      ...{
        api,
        clock,
        features: ['reports'],
        namespaces: [],
        version: '1',
        metrics: createReconcilerMetrics(registry),
      },
      probe: () => Promise.resolve(verified),
    }),
  );
  await clock.advance(noticedMs);
  return clock;
}

function serve(api: FakeKubeApi, path: string, plural: string): void {
  api.put(path, { kind: 'APIResourceList', resources: [{ name: plural }] });
}

function aServer(api: FakeKubeApi, spec: Record<string, unknown>): void {
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:latest' } },
      config: { port: 8080 },
      ...spec,
    },
  });
}

const asRoot = { runtime: { security: { securityContext: { runAsUser: 0 } } } };
const rulesIn = (report: Readonly<Record<string, unknown>> | undefined): readonly unknown[] =>
  ((report?.['results'] ?? []) as readonly { rule: string; result: string }[]).map(
    ({ rule, result }) => `${rule}: ${result}`,
  );

describe('the reports of what runs', () => {
  it('say what is found, and are not written again when it is found again', async () => {
    const api = createFakeKubeApi();
    serve(api, openReports, 'reports');
    aServer(api, {});
    const clock = await start(api);
    expect(rulesIn(api.get(reportPath))).toEqual(['image-tag-pinned: warn']);
    const before = api.writes.length;
    aServer(api, { extraLabels: { a: 'b' } });
    await clock.advance(noticedMs);
    expect(api.writes.slice(before).filter((write) => write.includes('/reports/'))).toEqual([]);
  });

  it('are there for a server that is refused, for which nothing else is made', async () => {
    const api = createFakeKubeApi();
    serve(api, openReports, 'reports');
    aServer(api, asRoot);
    await start(api);
    expect(rulesIn(api.get(reportPath))).toContain('run-as-non-root: fail');
    expect(api.list('/apis/apps/v1/deployments')).toEqual([]);
  });

  it('are of the older kind in clusters that have only that, until the newer one comes', async () => {
    const api = createFakeKubeApi();
    serve(api, policyReports, 'policyreports');
    aServer(api, {});
    const clock = await start(api);
    expect(rulesIn(api.get(policyReportPath))).toEqual(['image-tag-pinned: warn']);
    serve(api, openReports, 'reports');
    await clock.advance(2 * noticedMs);
    expect(rulesIn(api.get(reportPath))).toEqual(['image-tag-pinned: warn']);
    expect(api.get(policyReportPath)).toBeUndefined();
  });

  it('hold nothing up where they cannot be written', async () => {
    const api = createFakeKubeApi();
    serve(api, openReports, 'reports');
    api.answer(({ method, path }) => method === 'PATCH' && path.includes('/reports/'), 403);
    aServer(api, {});
    await start(api);
    const { conditions } = api.get(serverPath)?.['status'] as { conditions: { type: string; status: string }[] };
    expect(conditions.find(({ type }) => type === 'Accepted')).toMatchObject({ status: 'True' });
    expect(api.list('/apis/apps/v1/deployments')).toHaveLength(1);
  });

  it('are counted by rule and action, reports or not', async () => {
    const api = createFakeKubeApi();
    aServer(api, {});
    const registry = new Registry();
    await start(api, registry);
    expect(await registry.metrics()).toContain(
      'mcp_lifecycle_servers_with_findings{rule="image-tag-pinned",action="warn"} 1',
    );
  });
});
