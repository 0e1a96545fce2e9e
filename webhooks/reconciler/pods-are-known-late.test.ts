import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import type { MCPServerStatus } from '../core/mcpserver/types.gen.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import { recordAt } from '../platform/kube/object.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';
import type { ProbeResult } from '../platform/mcp/probe.ts';
import { ofReplicaSet } from './testing/replica-set.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const deploymentPath = '/apis/apps/v1/namespaces/mcp/deployments/search';
const replicaSetPath = (template: string): string => `/apis/apps/v1/namespaces/mcp/replicasets/search-${template}`;
const podPath = (template: string): string => `/api/v1/namespaces/mcp/pods/search-${template}-x`;
const revision = (value: string): object => ({ 'deployment.kubernetes.io/revision': value });

const failed: ProbeResult = { state: 'failed', message: 'answered HTTP 500', cause: 'HTTP 500' };

let api: FakeKubeApi;
let clock: FakeClock;
let stop: () => Promise<void>;
let answer: ProbeResult;
/** The collection whose watch tells nothing for now, and what it will. */
let late: { path: string; readonly events: (() => void)[] };
/** Every status that was written, in order. */
let statuses: MCPServerStatus[];

function podIs(template: string): void {
  api.put(podPath(template), {
    metadata: {
      ...{ name: `search-${template}-x`, namespace: 'mcp', creationTimestamp: '2026-01-01T00:00:00Z' },
      labels: { app: 'mcp-server', 'mcp-server': 'search', 'pod-template-hash': template },
      ownerReferences: ofReplicaSet('search', template),
    },
    spec: { containers: [{ ports: [{ name: 'mcp', containerPort: 8080 }] }] },
    status: {
      ...{ podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
      containerStatuses: [{ image: 'x', restartCount: 0, ready: true, state: { running: {} } }],
    },
  });
}

/** As its controller writes it, when all of its pods are of this template. */
function rollsOut(template: string, as: string): void {
  api.put(replicaSetPath(template), {
    metadata: { name: `search-${template}`, namespace: 'mcp', annotations: revision(as) },
  });
  podIs(template);
  const { metadata } = api.get(deploymentPath) as { metadata: { generation: number } };
  api.put(deploymentPath, {
    metadata: { annotations: revision(as) },
    status: {
      ...{ observedGeneration: metadata.generation, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
      conditions: [
        { type: 'Available', status: 'True' },
        { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
      ],
    },
  });
}

function changeTo(generation: number, tag = generation): void {
  const containerImage = { ref: `example.com/search:${tag}` };
  api.put(serverPath, { metadata: { generation }, spec: { source: { type: 'ContainerImage', containerImage } } });
}

function release(): void {
  late.path = '';
  for (const tell of late.events.splice(0)) tell();
}

/** `True@2` */
function said(type: string, { conditions = [] }: MCPServerStatus): string {
  const found = conditions.find((condition) => condition.type === type);
  return `${found?.status ?? 'nothing'}@${found?.observedGeneration ?? 0}`;
}

const now = (type: string): string => said(type, api.get(serverPath)?.['status'] as MCPServerStatus);
const looksAtReplicaSets = (): number => api.reads.filter((read) => read.includes('/replicasets/')).length;

beforeEach(async () => {
  api = createFakeKubeApi();
  clock = createFakeClock();
  answer = verified;
  late = { path: '', events: [] };
  statuses = [];
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
    // What is told of pods that serve, whether or not a candidate has been asked before.
    spec: { config: { port: 8080 }, extensions: { rollout: { verify: 'AfterSwitch' } } },
  });
  changeTo(1);
  const kube: KubeApi = {
    request: (request) => {
      const status = recordAt(request.body, 'status');
      if (request.path === `${serverPath}/status` && status !== undefined) statuses.push(status);
      return api.request(request);
    },
    watch: (request, onEvent) =>
      api.watch(request, (event) => {
        if (request.path === late.path)
          late.events.push(() => {
            onEvent(event);
          });
        else onEvent(event);
      }),
  };
  stop = startLead({
    ...{ api: kube, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
    probe: () => Promise.resolve(answer),
  });
  await clock.advance(1_000);
  rollsOut('one', '1');
  await clock.advance(10_000);
});

afterEach(() => stop());

const watches = [
  ['pods last', '/api/v1/pods'],
  ['Deployments last', '/apis/apps/v1/deployments'],
] as const;

describe.each(watches)('a rollout of which we are told, %s', (_, path) => {
  it('is vouched for by its own pods, and not by what those before them have answered', async () => {
    expect(now('Verified')).toBe('True@1');
    changeTo(2);
    await clock.advance(1_000);
    late.path = path;
    rollsOut('two', '2');
    api.remove(podPath('one'));
    await clock.advance(45_000);
    expect(['Available', 'Verified', 'Ready'].map(now)).toEqual(['True@1', 'True@1', 'True@1']);
    release();
    await clock.advance(10_000);
    expect(['Available', 'Verified', 'Ready'].map(now)).toEqual(['True@2', 'True@2', 'True@2']);
  });

  it('to what does not speak MCP is verified at no moment', async () => {
    changeTo(2);
    await clock.advance(1_000);
    late.path = path;
    answer = failed;
    rollsOut('two', '2');
    api.remove(podPath('one'));
    await clock.advance(45_000);
    release();
    await clock.advance(60_000);
    const { extensions } = api.get(serverPath)?.['status'] as MCPServerStatus;
    expect([now('Verified'), extensions?.rollout?.phase]).toEqual(['False@2', 'RolledBack']);
    expect(statuses.map((status) => said('Verified', status))).not.toContain('True@2');
  });

  it('back to the template that served before is its own again', async () => {
    changeTo(2);
    await clock.advance(1_000);
    rollsOut('two', '2');
    api.remove(podPath('one'));
    await clock.advance(10_000);
    expect(now('Verified')).toBe('True@2');
    changeTo(3, 1);
    await clock.advance(1_000);
    late.path = path;
    rollsOut('one', '3');
    api.remove(podPath('two'));
    await clock.advance(45_000);
    expect(now('Verified')).toBe('True@2');
    release();
    await clock.advance(10_000);
    expect(now('Verified')).toBe('True@3');
  });
});

describe('the ReplicaSet of the pods that serve', () => {
  const isReplicaSet = ({ path }: { readonly path: string }): boolean => path.includes('/replicasets/');

  it('is looked at once after a rollout, and not while nothing happens', async () => {
    const before = looksAtReplicaSets();
    changeTo(2);
    await clock.advance(1_000);
    rollsOut('two', '2');
    api.remove(podPath('one'));
    await clock.advance(1_000);
    expect(now('Available')).toBe('True@2');
    expect(looksAtReplicaSets() - before).toBe(1);
    await clock.advance(600_000);
    expect(looksAtReplicaSets() - before).toBe(1);
  });

  it('that cannot be read is looked at again, though no watch tells anything', async () => {
    changeTo(2);
    await clock.advance(1_000);
    api.answer(isReplicaSet, 503);
    rollsOut('two', '2');
    api.remove(podPath('one'));
    await clock.advance(20_000);
    expect(now('Available')).toBe('True@1');
    api.answer(isReplicaSet, undefined);
    await clock.advance(10_000);
    expect(now('Available')).toBe('True@2');
  });

  it('is not needed where we may not read it', async () => {
    api.answer(isReplicaSet, 403);
    changeTo(2);
    await clock.advance(1_000);
    rollsOut('two', '2');
    api.remove(podPath('one'));
    await clock.advance(10_000);
    expect(now('Verified')).toBe('True@2');
  });
});
