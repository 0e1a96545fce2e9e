import { eventually } from './eventually.ts';
import { conditionOf, get, list, type KubeObject } from './kubectl.ts';

/** What status says of a version that is on its way. */
export interface RolloutState {
  readonly phase: string;
  readonly reason?: string;
  readonly message?: string;
  readonly failed?: readonly { readonly template: string; readonly reason: string }[];
}

export function rolloutOf(server: KubeObject | undefined): RolloutState | undefined {
  const extensions = server?.status?.['extensions'] as { readonly rollout?: RolloutState } | undefined;
  return extensions?.rollout;
}

/** Waits until the rollout of a server is in this phase; where the one before it may have ended so, too, for this reason. */
export function untilPhase(namespace: string, name: string, phase: string, reason?: string): Promise<KubeObject> {
  const read = (): Promise<KubeObject | undefined> => get(namespace, 'mcpservers', name);
  return eventually(
    `the rollout of ${name} is ${phase}${reason === undefined ? '' : `: ${reason}`}`,
    async () => {
      const server = await read();
      const rollout = rolloutOf(server);
      return rollout?.phase === phase && (reason === undefined || rollout.reason === reason) ? server : undefined;
    },
    { describe: async () => (await read())?.status ?? 'no status' },
  );
}

/** Waits until the newest version alone serves, and is verified. */
export async function untilRolledOut(namespace: string, name: string): Promise<void> {
  const read = (): Promise<KubeObject | undefined> => get(namespace, 'mcpservers', name);
  await eventually(
    `the newest version of ${name} serves`,
    async () => {
      const server = await read();
      const isOfNow = conditionOf(server, 'Verified')?.observedGeneration === server?.metadata.generation;
      const isReady = conditionOf(server, 'Ready')?.status === 'True';
      return isOfNow && isReady && rolloutOf(server) === undefined && conditionOf(server, 'Reconciling') === undefined;
    },
    { describe: async () => (await read())?.status ?? 'no status' },
  );
}

/** Waits until no pod of a server is on its way out: what a pod that goes still answers counts, too. */
export async function untilPodsAre(namespace: string, name: string, count: number): Promise<void> {
  await eventually(
    `${name} has ${count} pods`,
    async () => (await list({ namespace }, 'pods', `mcp-server=${name}`)).length === count,
  );
}

/** Another number whenever something was written into its spec. */
export async function generationOf(namespace: string, name: string): Promise<number | undefined> {
  return (await get(namespace, 'deployments', name))?.metadata.generation;
}
