import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import type { KubeApi } from '../platform/kube/api.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { ServerCache } from './server-cache.ts';
import { takeAnswer } from './take-answer.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const deploymentPath = '/apis/apps/v1/namespaces/mcp/deployments/search';

const withImage = (ref: string): object => ({ source: { type: 'ContainerImage', containerImage: { ref } } });

function becomesReady(api: FakeKubeApi, replicas: number): void {
  const { metadata } = api.get(deploymentPath) as { metadata: { generation: number } };
  api.put(deploymentPath, {
    status: {
      ...{ observedGeneration: metadata.generation, replicas, updatedReplicas: replicas, readyReplicas: replicas },
      conditions: [
        { type: 'Available', status: 'True' },
        { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
      ],
    },
  });
}

let stop: (() => Promise<void>) | undefined;

afterEach(() => stop?.());

/** The same API server, in which an owner is quicker than the next write of status, and the watch slower than its answer. */
function racedBy(api: FakeKubeApi, change: () => void): KubeApi & { begin(): void } {
  const late: (() => void)[] = [];
  let state: 'calm' | 'begun' | 'raced' = 'calm';
  return {
    begin: () => (state = 'begun'),
    watch: (request, onEvent) =>
      api.watch(request, (event) => {
        if (state === 'raced' && request.path.includes('mcpservers'))
          late.push(() => {
            onEvent(event);
          });
        else onEvent(event);
      }),
    async request(request) {
      if (state !== 'begun' || request.path !== `${serverPath}/status`) return api.request(request);
      state = 'raced';
      change();
      const answer = await api.request(request);
      // In the order in which they came, once the answer is read.
      setImmediate(() => {
        state = 'calm';
        for (const tell of late.splice(0)) tell();
      });
      return answer;
    },
  };
}

describe('what an owner writes just before we write status', () => {
  it('is rolled out although the answer to our write tells of it first (the old image ran on)', async () => {
    const api = createFakeKubeApi();
    api.put(serverPath, {
      ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
      // Whether it is proven first is another question.
      spec: {
        ...{ ...withImage('example.com/search:1'), config: { port: 8080 } },
        extensions: { rollout: { verify: 'AfterSwitch' } },
      },
    });
    const raced = racedBy(api, () => {
      api.put(serverPath, { metadata: { generation: 2 }, spec: withImage('example.com/search:2') });
    });
    const clock = createFakeClock();
    stop = startLead({
      ...{ api: raced, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
      probe: () => Promise.resolve(verified),
    });
    await clock.advance(1_000);
    becomesReady(api, 1);
    // Verified, and nothing else will have it looked at.
    await clock.advance(60_000);
    raced.begin();
    becomesReady(api, 2);
    await clock.advance(900_000);
    expect(JSON.stringify(api.get(deploymentPath))).toContain('"image":"example.com/search:2"');
  });

  it.each([
    ['the server that was judged', { uid: 'u', generation: 1 }, []],
    ['another generation', { uid: 'u', generation: 2 }, ['MCPServer/mcp/search']],
    ['another server of that name', { uid: 'v', generation: 1 }, ['MCPServer/mcp/search']],
  ])('has the server looked at again, and nothing else does: %s', (_what, stored, expected) => {
    const again: string[] = [];
    const servers = new ServerCache();
    const answer = { metadata: { name: 'search', namespace: 'mcp', resourceVersion: '7', ...stored } };
    takeAnswer({ uid: 'u', generation: 1 }, answer, { servers, lookAgain: (key) => again.push(key) });
    expect(again).toEqual(expected);
    expect(servers.has('MCPServer/mcp/search')).toBe(true);
  });

  it.each([
    [1, []],
    [2, ['MCPServer/mcp/search']],
  ])(
    'has it looked at again where the watch told of generation %s first, and no more was read of the answer',
    (generation, expected) => {
      const again: string[] = [];
      const servers = new ServerCache();
      const metadata = { name: 'search', namespace: 'mcp', uid: 'u', resourceVersion: '7' };
      servers.put({ metadata: { ...metadata, generation } });
      takeAnswer({ uid: 'u', generation: 1 }, { metadata }, { servers, lookAgain: (key) => again.push(key) });
      expect(again).toEqual(expected);
    },
  );
});
