import { afterEach, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const names = ['a', 'b', 'c'] as const;
const serverPath = (name: string): string => `/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/${name}`;
const deploymentPath = (name: string): string => `/apis/apps/v1/namespaces/mcp/deployments/${name}`;
const settingsPath = '/api/v1/namespaces/mcp/configmaps/settings';

let stop: (() => Promise<void>) | undefined;

afterEach(() => stop?.());

function rollOut(api: FakeKubeApi, name: string): void {
  const { metadata } = api.get(deploymentPath(name)) as { metadata: { generation: number } };
  api.put(deploymentPath(name), {
    status: {
      ...{ observedGeneration: metadata.generation, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
      conditions: [
        { type: 'Available', status: 'True' },
        { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
      ],
    },
  });
}

it('a server that our code fails on gives its turn to the next one (the others waited five minutes)', async () => {
  const api = createFakeKubeApi();
  api.put(settingsPath, { metadata: { name: 'settings', namespace: 'mcp' }, data: { a: '1' } });
  for (const name of names)
    api.put(serverPath(name), {
      ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name, namespace: 'mcp' } },
      spec: {
        source: { type: 'ContainerImage', containerImage: { ref: 'example.com/x:1' } },
        config: { port: 8080, envFrom: [{ configMapRef: { name: 'settings' } }] },
      },
    });
  const clock = createFakeClock();
  stop = startLead({
    ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()), maxRollouts: 1 },
    probe: () => Promise.resolve(verified),
  });
  await clock.advance(1_000);
  for (const name of names) rollOut(api, name);
  await clock.advance(60_000);
  const before = new Map(names.map((name) => [name, JSON.stringify(api.get(deploymentPath(name))?.['spec'])]));
  const isBegun = (name: (typeof names)[number]): boolean =>
    JSON.stringify(api.get(deploymentPath(name))?.['spec']) !== before.get(name);
  api.put(settingsPath, { data: { a: '2' } });
  await clock.advance(5_000);
  expect(names.filter(isBegun)).toEqual(['a']);
  api.put(serverPath('b'), { spec: { config: { port: 'not a port' } } });
  await clock.advance(5_000);
  rollOut(api, 'a');
  await clock.advance(10_000);
  expect(names.filter(isBegun)).toEqual(['a', 'c']);
});
