import { apply, kubectlOk } from './kubectl.ts';
import { imageOf } from './mcp-server.ts';

export interface NodePod {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Ports at which it answers whoever connects. */
  readonly listensOn?: readonly number[];
}

export const node = '/nodejs/bin/node';

/** Starts pods that run Node until they are deleted, and waits until they are ready. */
export async function startNodePods(namespace: string, pods: readonly NodePod[]): Promise<void> {
  await apply(namespace, { apiVersion: 'v1', kind: 'List', items: pods.map(toManifest) });
  const names = pods.map(({ name }) => `pod/${name}`);
  await kubectlOk(['wait', '--namespace', namespace, '--for=condition=Ready', '--timeout=300s', ...names]);
}

function toManifest({ name, labels = {}, listensOn = [] }: NodePod): object {
  const listen = listensOn.map(
    (port) => `require('node:net').createServer((c) => c.on('error', () => undefined).end('hello')).listen(${port});`,
  );
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'node',
          image: imageOf('mcp-client'),
          command: [node, '-e', [...listen, 'setInterval(() => undefined, 1e6);'].join('')],
        },
      ],
    },
  };
}

/** Runs a script in a running pod whose image has Node; returns what it printed. `pod` as kubectl exec takes it. */
export async function runInside(namespace: string, pod: string, script: string): Promise<string> {
  return (await kubectlOk(['exec', '--namespace', namespace, pod, '--', node, '-e', script])).trim();
}

/** What a packet without an answer costs, in milliseconds: much longer than any answer inside the cluster takes. */
const unansweredMs = 1_500;

/** `connected`, `unanswered` (what a dropped packet looks like), or the code of the error. */
export function connectFrom(namespace: string, pod: string, to: { host: string; port: number }): Promise<string> {
  const script = `
    const say = (what) => { console.log(what); process.exit(0); };
    const socket = require('node:net').connect(${JSON.stringify(to)});
    socket.once('connect', () => say('connected'));
    socket.once('error', ({ code }) => say(code));
    // An answer that has come while this process had no processor is seen first.
    setTimeout(() => setImmediate(() => setImmediate(say, 'unanswered')), ${unansweredMs});`;
  return runInside(namespace, pod, script);
}

/** `resolved`, `unanswered`, or the code of the error. */
export function resolveFrom(namespace: string, pod: string, host: string): Promise<string> {
  const script = `
    const resolver = new (require('node:dns').Resolver)({ timeout: ${unansweredMs}, tries: 1 });
    resolver.resolve4(${JSON.stringify(host)}, (error) => console.log(
      error === null ? 'resolved' : error.code === 'ETIMEOUT' ? 'unanswered' : error.code));`;
  return runInside(namespace, pod, script);
}
