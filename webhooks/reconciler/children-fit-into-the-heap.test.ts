import { expect, it } from '@jest/globals';

import { runAsReconciler } from './testing/run-as-reconciler.ts';

/** As long as names of people are; each server has its own. */
const program = `
import { ChildCache, childTextLimits } from ${JSON.stringify(new URL('child-cache.ts', import.meta.url).href)};
import { FairStore } from ${JSON.stringify(new URL('fair-store.ts', import.meta.url).href)};
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const servers = 1_000;
const kinds = ['Deployment', 'Service', 'NetworkPolicy', 'PodMonitor', 'HTTPRoute', 'ScaledObject', 'PodDisruptionBudget', 'ConfigMap'];
const conditions = (name) => [
  { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' },
  { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable',
    message: 'ReplicaSet "' + name + '-5d4f9c7b8d" has successfully progressed.' },
];
const fields = { 'f:metadata': { 'f:labels': { 'f:app': {} }, 'f:ownerReferences': {} }, 'f:spec': { 'f:a': {} } };
const text = (kind, index) => {
  const name = 'a-server-of-some-team-' + index;
  const uid = (what) => what + '-0000-4000-8000-' + String(index).padStart(12, '0');
  return JSON.stringify({
    apiVersion: 'some.group.example.com/v1',
    kind,
    metadata: {
      name, namespace: 'team-' + (index % 20), uid: uid(kind), resourceVersion: String(100_000 + index), generation: 1,
      annotations: { 'mcp-lifecycle/applied-hash': uid('0123456789abcdef0123456789abcdef') },
      ownerReferences: [{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', name, uid: uid('f81d4fae'), controller: true }],
      managedFields: [{ manager: 'mcp-lifecycle', operation: 'Apply', apiVersion: 'some.group.example.com/v1', fieldsV1: fields }],
    },
    status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, conditions: conditions(name) },
  });
};
const texts = new FairStore(childTextLimits);
const caches = kinds.map((kind) => new ChildCache(kind, texts));
collect();
const before = process.memoryUsage().heapUsed;
for (const [at, kind] of kinds.entries())
  for (let index = 0; index < servers; index += 1) caches[at].put(JSON.parse(text(kind, index)));
collect();
const each = (process.memoryUsage().heapUsed - before) / (servers * kinds.length);
const known = caches.reduce((sum, cache) => sum + cache.size, 0);
if (known !== servers * kinds.length) throw new Error('only ' + known + ' are known');
if (!(each <= 1_024)) throw new Error('each takes ' + each.toFixed(0) + ' bytes');
process.stderr.write(each.toFixed(0) + ' bytes each');
`;

it('keeps at most 1 KiB of each of eight kinds of children of a thousand servers', async () => {
  expect(await runAsReconciler(program)).toBe('ended well');
});
