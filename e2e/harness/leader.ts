import { readdir, readFile } from 'node:fs/promises';
import { release } from '../../scripts/quickstart/install.ts';
import { eventually } from './eventually.ts';
import { get, kubectlOk } from './kubectl.ts';

const system = release.namespace;
const container = 'reconciler';

/** Who holds the Lease: a pod, and an identity that each start of its reconciler has for itself. */
export interface Leader {
  readonly identity: string;
  readonly pod: string;
}

/** The leader, once there is one and it is not `former`. */
export function untilLeader(
  options: { readonly otherThan?: Leader; readonly withinMs?: number } = {},
): Promise<Leader> {
  const { otherThan, withinMs = 45_000 } = options;
  return eventually('a reconciler leads', () => findLeader(otherThan), { withinMs });
}

/** The leader of the moment, if there is one and it is not `otherThan`. */
export async function findLeader(otherThan?: Leader): Promise<Leader | undefined> {
  const identity = (await get(system, 'leases', `${release.name}-leader`))?.spec?.['holderIdentity'];
  if (typeof identity !== 'string' || identity === '' || identity === otherThan?.identity) return undefined;
  const pod = identity.slice(0, identity.lastIndexOf('_'));
  // A Lease that was not given back names a pod that is gone, until it runs out.
  return (await get(system, 'pods', pod)) === undefined ? undefined : { identity, pod };
}

/** Ends the reconciler of a pod as nothing else ends it: no signal handler runs, nothing is given back. */
export async function killReconciler(pod: string): Promise<void> {
  const path = `jsonpath={.status.containerStatuses[?(@.name=="${container}")].containerID}`;
  const id = (await kubectlOk(['get', 'pod', pod, '--namespace', system, '--output', path])).split('://').at(-1) ?? '';
  const pids = id === '' ? [] : await processesOf(id);
  if (pids.length === 0)
    throw new Error(`no process of ${pod} is on this machine: skip cases that kill on this cluster`);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
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

/** Waits until every replica is there and one leads. */
export async function untilComplete(): Promise<void> {
  await kubectlOk(['rollout', 'status', `deployment/${release.name}`, '--namespace', system, '--timeout=120s']);
  await untilLeader();
}

/** New pods, without the pauses that a kubelet keeps before it starts a container again that ended often. */
export async function renewPods(): Promise<void> {
  await kubectlOk(['rollout', 'restart', `deployment/${release.name}`, '--namespace', system]);
  await untilComplete();
}
