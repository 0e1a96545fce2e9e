import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import type { MCPServerStatus } from '../core/mcpserver/types.gen.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';
import type { ProbeResult } from '../platform/mcp/probe.ts';
import { ofReplicaSet } from './testing/replica-set.ts';

/**
 * Data decides, prose tells: the life of a server, with a new release after each of its days. Whether that release says
 * everything in other words than the one before changes no condition, no time and no event.
 */

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const deploymentPath = '/apis/apps/v1/namespaces/mcp/deployments/search';
const podPath = '/api/v1/namespaces/mcp/pods/search-1';
const configMapPath = '/api/v1/namespaces/mcp/configmaps/settings';

const storage = [{ path: '/etc/x', source: { type: 'ConfigMap', configMap: { name: 'settings' } } }];

/** `Pending`, or why its container does not run. */
function aPod(api: FakeKubeApi, restartCount: number, state: object): void {
  api.put(podPath, {
    metadata: {
      ...{ name: 'search-1', namespace: 'mcp' },
      labels: { app: 'mcp-server', 'mcp-server': 'search', 'pod-template-hash': 'x' },
      ownerReferences: ofReplicaSet('search', 'x'),
    },
    status: { containerStatuses: [{ image: 'x', ready: false, restartCount, ...state }] },
  });
}

const crashed = {
  state: { waiting: { reason: 'CrashLoopBackOff' } },
  lastState: { terminated: { exitCode: 3, reason: 'Error' } },
};

function deploymentSays(api: FakeKubeApi, status: object): void {
  const { metadata } = api.get(deploymentPath) as { metadata: { generation: number } };
  api.put(deploymentPath, { status: { observedGeneration: metadata.generation, ...status } });
}

function changeSpec(api: FakeKubeApi, generation: number, spec: object): void {
  api.put(serverPath, { metadata: { generation }, spec });
}

interface Day {
  readonly title: string;
  readonly happens?: (api: FakeKubeApi) => void;
  /** What the server answers from then on. */
  readonly answer?: ProbeResult;
}

const asRoot = { runtime: { security: { securityContext: { runAsUser: 0 } } } };

const life: readonly Day[] = [
  { title: 'its ConfigMap is missing' },
  {
    title: 'it is there, and its Deployment begins',
    happens: (api) => {
      api.put(configMapPath, { metadata: { name: 'settings', namespace: 'mcp' }, data: { a: '1' } });
    },
  },
  {
    title: 'its pod crashes',
    happens: (api) => {
      deploymentSays(api, { replicas: 1, conditions: [{ type: 'Progressing', status: 'True' }] });
      aPod(api, 4, crashed);
    },
  },
  {
    title: 'and crashes',
    happens: (api) => {
      aPod(api, 5, crashed);
    },
  },
  {
    title: 'and is started again',
    happens: (api) => {
      aPod(api, 5, { state: { running: { startedAt: '2020-01-01T00:00:00Z' } } });
    },
  },
  {
    title: 'and crashes twice as often',
    happens: (api) => {
      aPod(api, 8, crashed);
    },
  },
  {
    title: 'its image cannot be pulled',
    happens: (api) => {
      aPod(api, 0, { state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } });
    },
  },
  {
    title: 'it runs',
    happens: (api) => {
      aPod(api, 0, { ready: true, state: { running: { startedAt: '2020-01-01T00:00:00Z' } } });
      deploymentSays(api, {
        ...{ replicas: 1, readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 },
        conditions: [{ type: 'Available', status: 'True' }],
      });
    },
    answer: verified,
  },
  { title: 'it answers no MCP', answer: { state: 'failed', message: 'HTTP 500: nothing here' } },
  { title: 'it wants credentials', answer: { state: 'auth-required', statusCode: 401, said: 'who are you' } },
  { title: 'it asks not to be asked', answer: { state: 'throttled', message: 'HTTP 429: later' } },
  { title: 'it cannot be trusted', answer: { state: 'failed', message: 'no CA', isTlsConfiguration: true } },
  { title: 'it is well again', answer: verified },
  {
    title: 'it is to run as root',
    happens: (api) => {
      changeSpec(api, 2, asRoot);
    },
  },
  {
    title: 'its ConfigMap is gone too',
    happens: (api) => {
      api.remove(configMapPath);
    },
  },
  {
    title: 'both are taken back',
    happens: (api) => {
      changeSpec(api, 3, { runtime: { security: { securityContext: { runAsUser: 1_000 } } } });
      api.put(configMapPath, { metadata: { name: 'settings', namespace: 'mcp' }, data: { a: '1' } });
    },
  },
  {
    title: 'its Deployment is refused',
    happens: (api) => {
      api.answer(({ method, path }) => method === 'PATCH' && path.startsWith(deploymentPath), 422);
      changeSpec(api, 4, { runtime: { replicas: 2 } });
    },
  },
];

/** Everything that a person reads, and no program. */
const sentences = new Set(['message', 'notCounted', 'note', 'said']);

type Reword = (text: unknown) => unknown;

function mapSentences(value: unknown, change: Reword): unknown {
  if (Array.isArray(value)) return value.map((item) => mapSentences(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      sentences.has(name) ? change(inner) : mapSentences(inner, change),
    ]),
  );
}

const same: Reword = (text) => text;

interface Told {
  readonly status: unknown;
  readonly events: readonly (readonly unknown[])[];
}

/**
 * What is told after each day, without sentences; `retell` is what becomes of the sentences in status between two releases,
 * `asked` of those in which the verification says what the server answered.
 */
async function live(retell: Reword, asked: Reword): Promise<readonly (readonly [string, Told])[]> {
  const api = createFakeKubeApi();
  const clock = createFakeClock();
  let answer: ProbeResult = verified;
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
      config: { port: 8080, storage },
    },
  });
  const told: (readonly [string, Told])[] = [];
  let release = 1;
  const begin = () =>
    startLead({
      ...{ api, clock, version: String(release), namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
      probe: () => Promise.resolve(answer),
    });
  for (const day of life) {
    let stop = begin();
    await clock.advance(1_000);
    day.happens?.(api);
    answer = day.answer === undefined ? answer : (mapSentences(day.answer, asked) as ProbeResult);
    await clock.advance(1_800_000);
    told.push([day.title, tellingOf(api)]);
    await stop();
    const { status } = api.get(serverPath) as { readonly status: object };
    api.put(serverPath, { status: mapSentences(status, retell) });
    release += 1;
    stop = begin();
    await clock.advance(1_800_000);
    told.push([`${day.title}, after an upgrade`, tellingOf(api)]);
    await stop();
  }
  return told;
}

function tellingOf(api: FakeKubeApi): Told {
  const { status } = api.get(serverPath) as { readonly status: MCPServerStatus };
  // Whoever wrote last is whoever had another sentence to write.
  delete status.extensions?.release;
  const events = api.list('/apis/events.k8s.io/v1/namespaces/mcp/events');
  return {
    status: mapSentences(status, () => ''),
    events: events.map(({ type, reason, action, series }) => [type, reason, action, series ?? 'once']),
  };
}

describe('a release that says everything in other words', () => {
  it.each<[string, Reword, Reword]>([
    ['all of them the same', () => 'said otherwise', same],
    ['each in its own', (text) => `Said otherwise: ${Array.from(String(text)).reverse().join('')}`, same],
    ['the verification too', () => 'said otherwise', () => 'answered otherwise'],
  ])('finds the same, at the same time, and tells it as often: %s', async (_, retell, asked) => {
    const before = await live(same, same);
    const reasons = before.at(-1)?.[1].events.map(([, reason]) => reason);
    expect([...new Set(reasons)].sort()).toEqual([
      ...['Available', 'DeploymentUnavailable', 'EndpointUnavailable', 'Invalid', 'RolloutProving', 'RolloutRejected'],
      'Valid',
    ]);
    expect(await live(retell, asked)).toEqual(before);
  });
});
