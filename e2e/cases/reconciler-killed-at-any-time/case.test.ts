/** @alone it kills reconcilers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, list, type KubeObject } from '../../harness/kubectl.ts';
import { killLeader, renewPods, untilComplete, untilLeader } from '../../harness/leader.ts';
import { kubernetesServer } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const kills = 3;
const serversPerKill = 10;
/** Between the moment at which the servers of a round are sent and the kill: from none of them done to all. */
const longestWaitMs = 1_200;
/** Change it to meet other moments. */
const seed = 20_261_124;

/** Numbers from 0 to 1, the same ones for the same seed: https://en.wikipedia.org/wiki/Lehmer_random_number_generator */
function createRandom(start: number): () => number {
  let state = start % 2_147_483_647;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

describe('while reconcilers are killed and servers are created', () => {
  const namespace = useNamespace();
  const total = kills * serversPerKill;

  afterAll(() => renewPods());

  const ofKind = (objects: readonly KubeObject[], kind: string): readonly KubeObject[] =>
    objects.filter((object) => object.kind === kind);
  const observe = async (): Promise<readonly KubeObject[]> =>
    list({ namespace }, 'mcpservers,deployments,replicasets,services,networkpolicies');
  const count = (objects: readonly KubeObject[]): Readonly<Record<string, number>> => ({
    ready: ofKind(objects, 'MCPServer').filter((server) => isSettled(server)).length,
    ...Object.fromEntries(
      ['Deployment', 'ReplicaSet', 'Service', 'NetworkPolicy'].map((kind) => [kind, ofKind(objects, kind).length]),
    ),
  });

  it('every server gets its children once, and says so', async () => {
    const random = createRandom(seed);
    await untilComplete();
    let leader = await untilLeader();
    const waits: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const items = Array.from({ length: serversPerKill }, (_, index) =>
        kubernetesServer(`s-${kill * serversPerKill + index}`, { runtime: { replicas: 0 } }),
      );
      const applied = apply(namespace, { apiVersion: 'v1', kind: 'List', items });
      const waitMs = Math.round(random() * longestWaitMs);
      waits.push(waitMs);
      await sleep(waitMs);
      leader = await killLeader(leader, () => applied);
    }
    const wanted = { ready: total, Deployment: total, ReplicaSet: total, Service: total, NetworkPolicy: total };
    const isComplete = async (): Promise<boolean> =>
      Object.entries(count(await observe())).every(([kind, found]) => found === wanted[kind as keyof typeof wanted]);
    await eventually(`${total} servers have their children (killed after ${waits.join(', ')} ms)`, isComplete, {
      describe: async () => count(await observe()),
    });
    // More than one generation would be a child that was created in one shape and written again in another.
    const written = ofKind(await observe(), 'Deployment').filter(({ metadata }) => metadata.generation !== 1);
    expect(written.map(({ metadata }) => metadata.name)).toEqual([]);
  });
});

/** Nothing runs and nothing is meant to: all that there is to say has been said. */
function isSettled(server: KubeObject): boolean {
  return ['Accepted', 'Available'].every((type) => conditionOf(server, type)?.status === 'True');
}
