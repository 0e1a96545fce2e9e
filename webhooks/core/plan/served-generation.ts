import type { Condition, MCPServer, MCPServerStatus } from '../mcpserver/types.gen.ts';
import { conditionOf } from './condition.ts';
import { wroteFormerRelease } from './former-release.ts';
import { hasOlderPods } from './serving.ts';
import type { StatusInput, WorkloadInput } from './status-input.ts';

/**
 * Which generation the pods run that serve: the newest whose template all of them run. Status is the memory of it; where
 * nothing served before, it is the one that was accepted before this one, or simply an older one. The generations of an
 * MCPServer count by one, so `kubectl wait` goes on waiting in each case.
 */
export function servedGeneration(input: WorkloadInput): number | undefined {
  const { server, previous, serving, rollout } = input;
  const generation = generationOf(server);
  if (generation === undefined) return undefined;
  const before = generationPutBack(rollout, serving);
  if (before !== undefined) return Math.min(before, generation);
  if (serving.generation === generation) return generation;
  const said = serving.generation ?? generationKept(rollout, serving) ?? believedToServe(input);
  return Math.min(said ?? verifiedBefore(previous) ?? olderThan(generation, previous), generation);
}

/** Where nobody has said which. */
function olderThan(generation: number, previous: MCPServerStatus | undefined): number {
  const accepted = previous?.extensions?.policy?.generation;
  return accepted !== undefined && accepted < generation ? accepted : generation - 1;
}

type ServedTemplates = Pick<StatusInput['serving'], 'replicaSets'>;

/** Of what is put back: as long as no pod of that serves, those that have failed are all that does. */
function generationPutBack(rollout: StatusInput['rollout'], serving: ServedTemplates): number | undefined {
  if (rollout?.phase !== 'RolledBack') return undefined;
  const { stable, target } = rollout;
  if (servesWhatFailed(rollout, serving) && target.generation !== undefined) return target.generation;
  return stable?.generation ?? (target.generation ?? 1) - 1;
}

/** Of what a rollout would put back, while a pod of that serves: another version may have served since. */
function generationKept(rollout: StatusInput['rollout'], { replicaSets = [] }: ServedTemplates): number | undefined {
  const { stable } = rollout ?? {};
  return stable !== undefined && replicaSets.includes(stable.replicaSet) ? stable.generation : undefined;
}

/** Whether what was put back has no pod yet that serves. */
export function servesWhatFailed(rollout: StatusInput['rollout'], { replicaSets = [] }: ServedTemplates): boolean {
  const { phase, stable } = rollout ?? {};
  if (phase !== 'RolledBack' || stable === undefined) return false;
  return replicaSets.length > 0 && !replicaSets.includes(stable.replicaSet);
}

/** Of which generation status says that it serves; undefined: of none. */
export function saidToServe(previous: MCPServerStatus | undefined): number | undefined {
  return servingCondition(previous)?.observedGeneration;
}

/** Of which generation it was Verified before its spec turned invalid, while nobody has been asked since. */
export function verifiedBefore(status: MCPServerStatus | undefined): number | undefined {
  return status?.extensions?.verification?.verifiedGeneration;
}

/** Whether it serves and is known to be good, as far as status says. */
export function servesWell(status: MCPServerStatus | undefined): boolean {
  return servedBefore(status) && conditionOf(status, 'Verified')?.status === 'True';
}

/**
 * What status says. An earlier release wrote the generation that it looked at into each condition, also while pods of the
 * one before served: while there are such pods, its word stands for that one.
 */
function believedToServe({ previous, deployment }: WorkloadInput): number | undefined {
  const said = saidToServe(previous);
  if (said === undefined || said !== previous?.observedGeneration || !wroteFormerRelease(previous)) return said;
  return deployment !== undefined && hasOlderPods(deployment) ? Math.max(1, said - 1) : said;
}

/** Whether status says that something served; a server that is scaled to zero does not. */
export function servedBefore(previous: MCPServerStatus | undefined): boolean {
  return servingCondition(previous) !== undefined;
}

function servingCondition(previous: MCPServerStatus | undefined): Condition | undefined {
  const available = conditionOf(previous, 'Available');
  return available?.status === 'True' && available.reason === 'Available' ? available : undefined;
}

export function generationOf({ metadata }: MCPServer): number | undefined {
  return metadata.generation;
}

/** What speaks of two things speaks of the older one. */
export function olderOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.min(a, b);
}
