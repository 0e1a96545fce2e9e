import { expect, it } from '@jest/globals';
import type { WatchEvent } from '../../../webhooks/platform/kube/api.ts';
import { metaOf } from '../../../webhooks/platform/kube/object.ts';
import { createFakeKubeApi } from '../../../webhooks/platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../../../webhooks/platform/kube/testing/fake-kube-api.ts';
import { Recorded } from './recorded.ts';

const collection = '/api/v1/pods';

function putPod(api: FakeKubeApi, name: string, app = 'ours'): string {
  const path = `/api/v1/namespaces/mcp/pods/${name}`;
  api.put(path, { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'mcp', labels: { app } } });
  return metaOf(api.get(path)).resourceVersion;
}

it('tells a watch what came between the list and its beginning (a restarted reconciler waited for what had happened)', () => {
  const api = createFakeKubeApi();
  const recorded = new Recorded(api);
  recorded.begin(collection, 'app=ours');
  const resourceVersion = putPod(api, 'before-the-list-ends');
  putPod(api, 'between');
  putPod(api, 'of-somebody-else', 'theirs');
  const told: string[] = [];
  const note = ({ object }: WatchEvent): void => void told.push(metaOf(object).name);
  const leave = recorded.follow(collection, { labelSelector: 'app=ours', resourceVersion }, note);
  putPod(api, 'later');
  leave?.();
  putPod(api, 'after-it-left');
  expect(told).toEqual(['between', 'later']);
});

it('knows no more what came after a version that is too old', () => {
  const api = createFakeKubeApi();
  const recorded = new Recorded(api);
  recorded.begin(collection, undefined);
  const resourceVersion = putPod(api, 'pod');
  for (let times = 0; times < 5_001; times += 1) putPod(api, 'pod');
  expect(recorded.follow(collection, { resourceVersion }, () => undefined)).toBeUndefined();
  expect(recorded.newestOf(collection, undefined)).toBe(Number(resourceVersion) + 5_001);
});
