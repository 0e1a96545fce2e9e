import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { release } from '../../scripts/quickstart/install.ts';
import { eventually } from './eventually.ts';
import { get, kubectl, kubectlOk } from './kubectl.ts';
import { kubernetesServer } from './mcp-server.ts';
import { listPods, untilReplicasStay } from './replicas.ts';

const system = release.namespace;
const container = 'reconciler';

/** Who holds the Lease: a pod, and an identity that each start of its reconciler has for itself. */
export interface Leader {
  readonly identity: string;
  readonly pod: string;
}

/** The leader, once there is one and it is not `otherThan`. */
export function untilLeader(options: { readonly otherThan?: Leader } = {}): Promise<Leader> {
  return eventually('a reconciler leads', () => findLeader(options.otherThan));
}

/** The leader of the moment, if there is one and it is not `otherThan`. */
export async function findLeader(otherThan?: Leader): Promise<Leader | undefined> {
  const identity = (await get(system, 'leases', `${release.name}-leader`))?.spec?.['holderIdentity'];
  if (typeof identity !== 'string' || identity === '' || identity === otherThan?.identity) return undefined;
  const pod = identity.slice(0, identity.lastIndexOf('_'));
  const found = await get(system, 'pods', pod);
  // A Lease that was not given back names a pod that is gone, until it runs out; one that leaves is about to give it back.
  return found === undefined || found.metadata.deletionTimestamp !== undefined ? undefined : { identity, pod };
}

/**
 * Who held the Lease while `work` was done, one after another; nothing (an empty text) where it was given back. Whoever starts to lead
 * without that has waited until it ran out.
 */
export async function holdersDuring(work: () => Promise<void>): Promise<readonly string[]> {
  const output = ['--watch', '--output', 'jsonpath={.spec.holderIdentity}{"\\n"}'];
  const child = spawn('kubectl', ['get', 'lease', `${release.name}-leader`, '--namespace', system, ...output], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
  try {
    await eventually('the Lease is watched', () => Promise.resolve(text !== ''));
    await work();
  } finally {
    child.kill();
    await ended;
  }
  const holders = text.trimEnd().split('\n');
  return holders.filter((holder, index) => index === 0 || holder !== holders[index - 1]);
}

/** Ends the reconciler of a pod as nothing else ends it: no signal handler runs, nothing is given back. */
export async function killReconciler(pod: string): Promise<void> {
  const path = `jsonpath={.status.containerStatuses[?(@.name=="${container}")].containerID}`;
  await eventually(
    `the reconciler of ${pod} is killed (on another machine than this one that cannot be: skip cases that kill)`,
    async () => {
      const text = await kubectlOk(['get', 'pod', pod, '--namespace', system, '--output', path]);
      const id = text.split('://').at(-1) ?? '';
      // Just started again: the kubelet still tells the container before.
      const pids = id === '' ? [] : await processesOf(id);
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      return pids.length > 0;
    },
  );
}

/**
 * Kills the leader, does `meanwhile` while nobody leads, and returns the next one. The Lease is given back in its name: that it
 * runs out otherwise, after 15 seconds, is what `leader-fails-over` waits for.
 */
export async function killLeader(leader: Leader, meanwhile?: () => Promise<unknown>): Promise<Leader> {
  await killReconciler(leader.pod);
  await meanwhile?.();
  const isStillTheirs = { op: 'test', path: '/spec/holderIdentity', value: leader.identity };
  const patch = [isStillTheirs, { op: 'replace', path: '/spec/holderIdentity', value: '' }];
  const lease = ['lease', `${release.name}-leader`, '--namespace', system];
  // Refused where somebody holds it already.
  await kubectl(['patch', ...lease, '--type', 'json', '--patch', JSON.stringify(patch)]);
  return untilLeader({ otherThan: leader });
}

/** Does the work while no reconciler of the chart leads, as if another replica had the Lease. */
export async function whileNobodyLeads<T>(work: () => Promise<T>): Promise<T> {
  const lease = ['lease', `${release.name}-leader`, '--namespace', system];
  const hold = (spec: object): Promise<string> =>
    kubectlOk(['patch', ...lease, '--type', 'merge', '--patch', JSON.stringify({ spec })]);
  await hold({ holderIdentity: 'e2e', leaseDurationSeconds: 3_600 });
  try {
    await eventually('no reconciler leads', async () => {
      const scrapes = await Promise.all((await listPods()).map(({ metadata }) => scrapeReconciler(metadata.name)));
      return scrapes.every((text) => /^mcp_lifecycle_leader(?:\{.*\})? 0$/m.test(text));
    });
    return await work();
  } finally {
    await hold({ holderIdentity: '', leaseDurationSeconds: 1 });
    await untilLeader();
  }
}

/** The name of a container is the last part of its cgroup. */
async function processesOf(containerId: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const isInside = async (pid: string): Promise<boolean> =>
    (await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')).includes(containerId);
  const inside = await Promise.all(pids.map(isInside));
  return pids.filter((_, index) => inside[index]).map(Number);
}

/** What a scrape of the reconciler in a pod answers. */
export function scrapeReconciler(pod: string): Promise<string> {
  return kubectlOk(['get', '--raw', `/api/v1/namespaces/${system}/pods/${pod}:8082/proxy/metrics`]);
}

/** Waits until every replica is there, none is on its way out, and one leads. */
export async function untilComplete(): Promise<void> {
  await untilReplicasStay();
  await untilLeader();
}

/** New pods as an upgrade brings them: one after another, while admissions go on. */
export async function rollOut(): Promise<void> {
  await kubectlOk(['rollout', 'restart', `deployment/${release.name}`, '--namespace', system]);
  await untilComplete();
}

/**
 * New pods at once, without the pauses that a kubelet keeps before it starts a container again that ended often. For a
 * moment nobody answers; it is over when the webhooks judge servers in `namespace` again.
 */
export async function renewPods(namespace = 'default'): Promise<void> {
  const names = (await listPods()).map(({ metadata }) => metadata.name);
  // Long enough for the leader to give the Lease back.
  const now = ['--namespace', system, '--grace-period=5', '--wait=false', '--ignore-not-found'];
  await kubectlOk(['delete', 'pods', ...names, ...now]);
  await untilComplete();
  await untilJudging(namespace);
}

/** Nodes learn a moment after pods are ready that the Service has endpoints again; until then they refuse connections. */
async function untilJudging(namespace: string): Promise<void> {
  const asRoot = kubernetesServer('as-root', { runtime: { security: { securityContext: { runAsUser: 0 } } } });
  const args = ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'];
  await eventually('the webhooks judge', async () =>
    (await kubectl(args, asRoot)).stderr.includes('[run-as-non-root]'),
  );
}
