import { eventually } from './eventually.ts';
import { conditionOf, list } from './kubectl.ts';
import { runInside } from './node-pod.ts';

/** For `spec.runtime` of an odd-mcp-server: its pods are not ready before {@link tellReady}, so what is before that lasts. */
export const readyWhenTold = {
  health: { readinessProbe: { httpGet: { path: '/ready', port: 'mcp' }, periodSeconds: 1 } },
};

/** Tells the pods of a server that are not ready that they are; waits for the first one that can be told. */
export async function tellReady(namespace: string, name: string): Promise<void> {
  await eventually(`a pod of ${name} is told that it is ready`, async () => {
    const pods = await list({ namespace }, 'pods', `mcp-server=${name}`);
    const unready = pods.filter(
      (pod) => pod.metadata.deletionTimestamp === undefined && conditionOf(pod, 'Ready')?.status !== 'True',
    );
    const tell = `fetch('http://127.0.0.1:8080/ready', { method: 'POST' })`;
    for (const { metadata } of unready) await runInside(namespace, metadata.name, tell);
    return unready.length > 0;
  });
}
