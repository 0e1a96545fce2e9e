import { X509Certificate } from 'node:crypto';
import { release } from '../../scripts/quickstart/install.ts';
import { eventually } from './eventually.ts';
import { conditionOf, get, kubectlOk, list, type KubeObject } from './kubectl.ts';
import { meanwhile } from './meanwhile.ts';
import { runInside } from './node-pod.ts';

const ofRelease = `app.kubernetes.io/name=mcp-lifecycle,app.kubernetes.io/instance=${release.name}`;

/**
 * Our pods, once there are as many as the Deployment wants, all of them ready, and none on its way out: pods of the last
 * rollout go on answering for a while, and a Deployment says that it is complete until its controller has looked again.
 */
export function untilReplicasStay(): Promise<readonly KubeObject[]> {
  return eventually(
    'every replica is ready, and none is on its way out',
    async () => {
      const [deployment, pods] = [await get(release.namespace, 'deployments', release.name), await listPods()];
      const isWanted = pods.length === deployment?.spec?.['replicas'] && isObserved(deployment);
      return isWanted && pods.every(isStaying) ? pods : undefined;
    },
    {
      describe: async () =>
        (await listPods()).map(({ metadata, status }) => ({ name: metadata.name, conditions: status?.conditions })),
    },
  );
}

/** Waits until no pod of ours is left: nobody judges or writes any more. */
export async function untilNoReplica(): Promise<void> {
  await eventually('no replica is left', async () => (await listPods()).length === 0);
}

/** All of our pods, also those on their way out. */
export function listPods(): Promise<readonly KubeObject[]> {
  return list({ namespace: release.namespace }, 'pods', ofRelease);
}

/**
 * Does the work, which waits until pods of ours are gone, without what they wait for: each that has to end answers for ten
 * seconds more, for API servers that have not heard of it. Not where somebody counts what is admitted meanwhile.
 */
export function withoutFarewells<T>(work: () => Promise<T>): Promise<T> {
  return meanwhile(async () => {
    const leaving = (await listPods()).filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
    const names = leaving.map(({ metadata }) => metadata.name);
    const now = ['--namespace', release.namespace, '--grace-period=1', '--wait=false', '--ignore-not-found'];
    if (names.length > 0) await kubectlOk(['delete', 'pods', ...names, ...now]);
  }, work);
}

function isStaying(pod: KubeObject): boolean {
  return pod.metadata.deletionTimestamp === undefined && conditionOf(pod, 'Ready')?.status === 'True';
}

/** All pods are those of the template as it is now. */
function isObserved({ metadata, spec, status }: KubeObject): boolean {
  return status?.['observedGeneration'] === metadata.generation && status?.['updatedReplicas'] === spec?.['replicas'];
}

/** Waits until every replica presents the certificate (PEM) that `read` finds, to a running pod whose image has Node. */
export async function untilAllPresent(
  read: () => Promise<string>,
  from: { readonly namespace: string; readonly pod: string },
  withinMs: number,
): Promise<void> {
  const hosts = (await untilReplicasStay()).map(({ status }) => String(status?.['podIP']));
  const look = async (): Promise<{ readonly wanted: string; readonly presented: readonly string[] }> => ({
    wanted: new X509Certificate(await read()).fingerprint256,
    presented: await Promise.all(hosts.map((host) => runInside(from.namespace, from.pod, presentedAt(host)))),
  });
  await eventually(
    'every replica presents the certificate',
    async () => {
      const { wanted, presented } = await look();
      return presented.length > 0 && presented.every((fingerprint) => fingerprint === wanted);
    },
    { withinMs, describe: look },
  );
}

/** Prints the fingerprint of what is presented at the port of the webhooks, or the code of the error. */
function presentedAt(host: string): string {
  return `
    const socket = require('node:tls').connect(
      { host: ${JSON.stringify(host)}, port: 10250, rejectUnauthorized: false, timeout: 3000 },
      () => { console.log(socket.getPeerX509Certificate().fingerprint256); socket.destroy(); });
    socket.once('timeout', () => { console.log('ETIMEDOUT'); socket.destroy(); });
    socket.once('error', ({ code }) => console.log(code));`;
}
