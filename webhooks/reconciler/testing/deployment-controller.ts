import { metaOf, numberAt, recordAt } from '../../platform/kube/object.ts';
import type { FakeKubeApi } from '../../platform/kube/testing/fake-kube-api.ts';
import { rollOut } from './running-servers.ts';

/** Says of each Deployment at once that its pods are there, as soon as it has another generation. For tests. */
export function runDeploymentController(api: FakeKubeApi): void {
  const path = '/apis/apps/v1/deployments';
  void api.watch({ path, idleTimeoutMs: Infinity, signal: new AbortController().signal }, ({ type, object }) => {
    const { name } = metaOf(object);
    // Not while others are told of the same change.
    queueMicrotask(() => {
      if (type !== 'DELETED' && !isSeen(api, name)) rollOut(api, name);
    });
  });
}

function isSeen(api: FakeKubeApi, name: string): boolean {
  const [deployment] = api.list('/apis/apps/v1/deployments').filter((one) => metaOf(one).name === name);
  if (deployment === undefined) return true;
  return numberAt(recordAt(deployment, 'status'), 'observedGeneration') === metaOf(deployment).generation;
}
