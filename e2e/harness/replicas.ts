import { X509Certificate } from 'node:crypto';
import { release } from '../../scripts/quickstart/install.ts';
import { eventually } from './eventually.ts';
import { list, type KubeObject } from './kubectl.ts';
import { runInside } from './node-pod.ts';

const ofRelease = `app.kubernetes.io/name=mcp-lifecycle,app.kubernetes.io/instance=${release.name}`;

/** Our pods, once all of them are meant to stay: those of a rollout go on answering for a while. */
export function untilNoneLeaves(): Promise<readonly KubeObject[]> {
  return eventually('no pod is on its way out', async () => {
    const pods = await list({ namespace: release.namespace }, 'pods', ofRelease);
    return pods.every(({ metadata }) => metadata.deletionTimestamp === undefined) ? pods : undefined;
  });
}

/** Waits until every replica presents the certificate (PEM) that `read` finds, to a running pod whose image has Node. */
export async function untilAllPresent(
  read: () => Promise<string>,
  from: { readonly namespace: string; readonly pod: string },
  withinMs: number,
): Promise<void> {
  const hosts = (await untilNoneLeaves()).map(({ status }) => String(status?.['podIP']));
  const look = async (): Promise<{ readonly wanted: string; readonly presented: readonly string[] }> => ({
    wanted: new X509Certificate(await read()).fingerprint256,
    presented: await Promise.all(hosts.map((host) => runInside(from.namespace, from.pod, presentedAt(host)))),
  });
  await eventually(
    'every replica presents the certificate',
    async () => {
      const { wanted, presented } = await look();
      return presented.every((fingerprint) => fingerprint === wanted);
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
