import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import { errorFromAnswer } from '../platform/kube/api-error.ts';
import type { ApiRequest, KubeApi } from '../platform/kube/api.ts';
import { recordAt } from '../platform/kube/object.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import type { ProbeResult } from '../platform/mcp/probe.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const deploymentPath = '/apis/apps/v1/namespaces/mcp/deployments/search';
const eventsPath = '/apis/events.k8s.io/v1/namespaces/mcp/events';
const webhookDown = 'Internal error occurred: failed calling webhook "theirs": dial tcp 10.0.0.1: connection refused';
const typedPatch =
  'failed to create typed patch object (mcp/search; apps/v1, Kind=Deployment): .spec.new: field not declared in schema';

const verified: ProbeResult = {
  ...{ state: 'verified', era: 'stateless' },
  serverInfo: {
    ...{ name: 'x', version: '1', protocolVersion: '2026-07-28', instructions: 'poison' },
    capabilities: { tools: true, resources: false, prompts: false, logging: false, completions: false },
  },
};

interface Refusal {
  readonly status: number;
  /** `count` requests were answered so before. */
  readonly message: (count: number) => string;
  readonly matches: (request: ApiRequest) => boolean;
}

const isApplyOf =
  (path: string) =>
  ({ method, path: asked }: ApiRequest): boolean =>
    method === 'PATCH' && asked === path;
const hasServerInfo = ({ path, body }: ApiRequest): boolean =>
  path === `${serverPath}/status` && recordAt(body, 'status')?.['serverInfo'] !== undefined;

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

/** More than any test here takes. */
const maxRefused = 1_000;

/** A reconciler whose API server refuses what `refusal` says until it is lifted. */
async function start(refusal: Refusal) {
  const clock = createFakeClock();
  const api = createFakeKubeApi();
  const registry = new Registry();
  let isLifted = false;
  let refused = 0;
  const refusing: KubeApi = {
    watch: (request, onEvent) => api.watch(request, onEvent),
    request: (request) => {
      if (isLifted || !refusal.matches(request)) return api.request(request);
      refused += 1;
      // A loop without rest would never let the test come to its end.
      isLifted = refused >= maxRefused;
      const body = { message: refusal.message(refused - 1) };
      return Promise.resolve({ ok: false, error: errorFromAnswer({ request: 'PATCH', status: refusal.status, body }) });
    },
  };
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
      config: { port: 8080 },
    },
  });
  const metrics = createReconcilerMetrics(registry);
  const options = { clock, version: '1', namespaces: [], metrics, probe: () => Promise.resolve(verified) };
  running.push(startLead({ ...options, api: refusing }));
  await clock.advance(1_000);
  return { clock, api, registry, lift: () => (isLifted = true), refusedSoFar: () => refused };
}

function becomesAvailable(api: FakeKubeApi): void {
  api.put(deploymentPath, {
    status: {
      ...{ observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
      conditions: [{ type: 'Available', status: 'True' }],
    },
  });
}

function condition(api: FakeKubeApi, wanted: string): string | undefined {
  const status = api.get(serverPath)?.['status'] as
    { conditions?: { type: string; status: string; reason: string; message: string }[] } | undefined;
  const found = status?.conditions?.find(({ type }) => type === wanted);
  return found === undefined ? undefined : `${found.status}/${found.reason}: ${found.message}`;
}

const statusWrites = (api: FakeKubeApi): number => api.writes.filter((write) => write.endsWith('/status')).length;

const events = (api: FakeKubeApi, wanted: string): readonly unknown[] =>
  api.list(eventsPath).flatMap(({ reason, note }) => (reason === wanted ? [note] : []));

describe('a child that cannot be written because somebody’s webhook is down', () => {
  const refusal: Refusal = {
    status: 500,
    message: (count) => `${webhookDown} (attempt ${count})`,
    matches: isApplyOf(deploymentPath),
  };

  it('is said in status after some tries, with one event, and is tried again', async () => {
    const { clock, api, registry, lift } = await start(refusal);
    expect(condition(api, 'Available')).toBeUndefined();
    await clock.advance(5_000);
    const said = `False/DeploymentUnavailable: Failed to reconcile Deployment: PATCH: ${webhookDown} (attempt 0); it is tried again`;
    expect(condition(api, 'Available')).toBe(said);
    expect(condition(api, 'Accepted')).toMatch(/^True\/Valid/);
    expect(events(api, 'DeploymentUnavailable')).toHaveLength(1);
    const metrics = await registry.metrics();
    expect(metrics).toContain('mcp_lifecycle_servers_with_failing_writes{what="Deployment"} 1');
    expect(metrics).toMatch(/mcp_lifecycle_failed_writes_total\{what="Deployment",failure="transient"\} [5-9]/);
    expect(metrics).not.toContain('what="PodMonitor"');
    lift();
    await clock.advance(61_000);
    expect(api.get(deploymentPath)).toBeDefined();
    expect(condition(api, 'Available')).toMatch(/^Unknown\/Initializing/);
    expect(await registry.metrics()).toContain('mcp_lifecycle_servers_with_failing_writes{what="Deployment"} 0');
  });

  it('costs no write for the words of each try', async () => {
    const { clock, api, refusedSoFar } = await start(refusal);
    await clock.advance(5_000);
    const [writes, tries] = [statusWrites(api), refusedSoFar()];
    expect(writes).toBe(1);
    await clock.advance(500_000);
    expect(refusedSoFar()).toBeGreaterThan(tries + 5);
    expect(statusWrites(api)).toBe(writes);
  });
});

it('a child of which the API server does not know a field is refused, and not tried for ever', async () => {
  const { clock, api, refusedSoFar } = await start({
    ...{ status: 500, message: () => typedPatch },
    matches: isApplyOf(deploymentPath),
  });
  expect(condition(api, 'Available')).toBe(
    `False/DeploymentUnavailable: Failed to reconcile Deployment: PATCH: ${typedPatch}`,
  );
  // Once, and once more for the news of the other children.
  const tries = refusedSoFar();
  expect(tries).toBeLessThanOrEqual(2);
  await clock.advance(298_000);
  expect(refusedSoFar()).toBe(tries);
});

describe('a status that the API server refuses for ever', () => {
  const refusal: Refusal = {
    status: 400,
    message: () => 'yaml: control characters are not allowed',
    matches: hasServerInfo,
  };

  it('is told by an event, a metric, and a status without what the server says', async () => {
    const { clock, api, registry } = await start(refusal);
    becomesAvailable(api);
    await clock.advance(2_000);
    const why = 'Only a part of this status can be written: PATCH: yaml: control characters are not allowed';
    expect(condition(api, 'Ready')).toBe(`True/Available: ${why}`);
    expect(condition(api, 'Verified')).toBe(`True/Verified: ${why}`);
    expect(condition(api, 'Available')).toMatch(/^True\/Available: MCP server is ready/);
    expect(api.get(serverPath)).not.toHaveProperty('status.serverInfo');
    expect(events(api, 'StatusNotWritten')).toEqual([expect.stringContaining('control characters are not allowed')]);
    const metrics = await registry.metrics();
    expect(metrics).toContain('mcp_lifecycle_servers_with_failing_writes{what="status"} 1');
    expect(metrics).toContain('mcp_lifecycle_failed_writes_total{what="status",failure="refused"} 3');
  });

  it('is tried every five minutes, written when it can be, and costs nothing in between', async () => {
    const { clock, api, lift, refusedSoFar } = await start(refusal);
    becomesAvailable(api);
    await clock.advance(2_000);
    const [writes, tries] = [api.writes.length, refusedSoFar()];
    await clock.advance(1_500_000);
    expect(refusedSoFar() - tries).toBe(5);
    expect(api.writes).toHaveLength(writes);
    lift();
    await clock.advance(300_000);
    expect(api.get(serverPath)).toHaveProperty('status.serverInfo.instructions', 'poison');
    expect(condition(api, 'Verified')).toBe('True/Verified: MCP handshake succeeded');
  });

  it('is told once when nothing at all can be written', async () => {
    const { clock, api } = await start({ ...refusal, status: 503, matches: isApplyOf(`${serverPath}/status`) });
    await clock.advance(300_000);
    expect(events(api, 'StatusNotWritten')).toHaveLength(1);
  });
});
