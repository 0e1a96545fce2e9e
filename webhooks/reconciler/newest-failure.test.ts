import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import type { MCPServerStatus } from '../core/mcpserver/types.gen.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const deploymentPath = '/apis/apps/v1/namespaces/mcp/deployments/search';
const replicaSetsPath = '/apis/apps/v1/namespaces/mcp/replicasets';
const revision = 'deployment.kubernetes.io/revision';

let api: FakeKubeApi;
let clock: FakeClock;
let stop: () => Promise<void>;

const said = (type: string): string => {
  const { conditions = [] } = api.get(serverPath)?.['status'] as MCPServerStatus;
  const { status, reason, message } = conditions.find((one) => one.type === type) ?? {};
  return `${status}/${reason}: ${message}`;
};

const refusal = (hash: string): object => ({
  ...{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' },
  message: `pods "search-${hash}-" is forbidden: no PriorityClass with name ${hash}`,
});

/** As the Deployment controller says it: of `newest`, with what whoever fails says. */
function deploymentIs(newest: string, at: string, failure?: object): void {
  const { metadata } = api.get(deploymentPath) as { metadata: { generation: number } };
  const progressing = { type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated' };
  api.put(deploymentPath, {
    metadata: { annotations: { [revision]: at } },
    status: {
      ...{ observedGeneration: metadata.generation, replicas: 0, updatedReplicas: 0, readyReplicas: 0 },
      conditions: [
        { type: 'Available', status: 'False' },
        { ...progressing, message: `Created new replica set "search-${newest}"` },
        failure ?? [],
      ].flat(),
    },
  });
}

function replicaSetIs(hash: string, at: string, failure?: object, deployment = 'search'): void {
  const name = `search-${hash}`;
  const labels = { app: 'mcp-server', 'mcp-server': 'search' };
  const ownerReferences = [{ kind: 'Deployment', name: deployment, uid: `${deployment}-uid`, controller: true }];
  api.put(`${replicaSetsPath}/${name}`, {
    ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet' },
    metadata: { name, namespace: 'mcp', labels, ownerReferences, annotations: { [revision]: at } },
    status: { conditions: failure === undefined ? [] : [failure] },
  });
}

const image = (tag: number): object => ({
  source: { type: 'ContainerImage', containerImage: { ref: `example.com/search:${tag}` } },
});
const looks = (): number => api.reads.filter((read) => read.endsWith('/replicasets')).length;

beforeEach(async () => {
  api = createFakeKubeApi();
  clock = createFakeClock();
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
    spec: { ...image(1), config: { port: 8080 } },
  });
  stop = startLead({
    ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
    probe: () => Promise.resolve(verified),
  });
  await clock.advance(1_000);
  replicaSetIs('one', '1', refusal('one'));
  deploymentIs('one', '1', refusal('one'));
  await clock.advance(1_000);
});

afterEach(() => stop());

async function corrected(): Promise<void> {
  api.put(serverPath, { metadata: { generation: 2 }, spec: image(2) });
  await clock.advance(1_000);
}

it('what keeps pods from being created is told of the first version, and costs no look at its ReplicaSet', () => {
  expect(said('Stalled')).toMatch(/^True\/PodsNotCreated: .*no PriorityClass with name one/);
  expect(looks()).toBe(0);
});

it('it is not told of the version that corrects it, as long as the former ReplicaSet goes on trying (it was, for seconds)', async () => {
  await corrected();
  replicaSetIs('two', '2');
  deploymentIs('two', '2', refusal('one'));
  await clock.advance(1_000);
  expect(said('Stalled')).toBe('undefined/undefined: undefined');
  expect(said('Reconciling')).toMatch(/^True\/RollingOut/);
  expect(said('Available')).not.toContain('PriorityClass');
  const [count, writes] = [looks(), api.writes.length];
  await clock.advance(600_000);
  expect(looks() - count).toBeLessThanOrEqual(21);
  expect(api.writes.slice(writes).filter((write) => !write.includes('/leases/'))).toEqual([]);
});

it('nor while the Deployment still names the former ReplicaSet as the one that gets on (it was: its write of the new name met a conflict)', async () => {
  await corrected();
  replicaSetIs('two', '2');
  deploymentIs('one', '2', refusal('one'));
  await clock.advance(1_000);
  expect(said('Stalled')).toBe('undefined/undefined: undefined');
  expect(said('Reconciling')).toMatch(/^True\/RollingOut/);
  replicaSetIs('two', '2', refusal('two'));
  await clock.advance(31_000);
  expect(said('Stalled')).toMatch(/^True\/PodsNotCreated: .*no PriorityClass with name two/);
});

it('what keeps pods of the newest version from being created is told of it, also where a former one fails of the same', async () => {
  await corrected();
  const same = { ...refusal('one'), message: 'admission webhook "limits" denied the request' };
  replicaSetIs('two', '2');
  deploymentIs('two', '2', same);
  await clock.advance(1_000);
  expect(said('Stalled')).toBe('undefined/undefined: undefined');
  // The Deployment says what it said.
  replicaSetIs('two', '2', same);
  await clock.advance(31_000);
  expect(said('Stalled')).toMatch(/^True\/PodsNotCreated: .*admission webhook "limits" denied the request/);
});

it.each<[string, () => void]>([
  [
    'ReplicaSets cannot be listed',
    () => {
      api.answer(({ path }) => path.endsWith('/replicasets'), 403);
    },
  ],
  [
    'none has its revision',
    () => {
      replicaSetIs('two', '1');
    },
  ],
  [
    'the one that has its revision is of another Deployment',
    () => {
      replicaSetIs('two', '2', undefined, 'copy');
    },
  ],
  ['the ReplicaSet is not there', () => undefined],
])('the Deployment is believed where %s', async (_, isSo) => {
  await corrected();
  isSo();
  deploymentIs('two', '2', refusal('one'));
  await clock.advance(1_000);
  expect(said('Stalled')).toMatch(/^True\/PodsNotCreated: .*no PriorityClass with name one/);
});

it.each([503, 500, 429])(
  'an answer %d does not make the former failure that of the version that corrects it (it did)',
  async (code) => {
    await corrected();
    replicaSetIs('two', '2');
    api.answer(({ path }) => path.endsWith('/replicasets'), code);
    deploymentIs('two', '2', refusal('one'));
    await clock.advance(1_000);
    expect(looks()).toBeGreaterThan(0);
    expect(said('Stalled')).toBe('undefined/undefined: undefined');
    api.answer(() => false, undefined);
    await clock.advance(60_000);
    expect(said('Stalled')).toBe('undefined/undefined: undefined');
    expect(said('Reconciling')).toMatch(/^True\/RollingOut/);
  },
);

it('nor does it take back what is known of the newest version', async () => {
  await corrected();
  replicaSetIs('two', '2', refusal('two'));
  deploymentIs('two', '2', refusal('two'));
  await clock.advance(1_000);
  const [stalled, writes] = [said('Stalled'), api.writes.length];
  expect(stalled).toMatch(/no PriorityClass with name two/);
  api.answer(({ path }) => path.endsWith('/replicasets'), 503);
  deploymentIs('two', '2', { ...refusal('two'), reason: 'Again' });
  await clock.advance(60_000);
  expect(said('Stalled')).toBe(stalled);
  expect(api.writes.slice(writes).filter((write) => !write.includes('/leases/'))).toEqual([]);
});
