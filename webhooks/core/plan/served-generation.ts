import type { Condition, MCPServer, MCPServerStatus } from '../mcpserver/types.gen.ts';
import type { WorkloadInput } from './status-input.ts';

/**
 * Which generation the pods run that serve: the newest whose template all of them run. Status is the memory of it; where
 * nothing served before, it is the one that was accepted before this one, or simply an older one. The generations of an
 * MCPServer count by one, so `kubectl wait` goes on waiting in each case.
 */
export function servedGeneration({ server, previous, serving }: WorkloadInput): number | undefined {
  const generation = generationOf(server);
  if (generation === undefined || serving.generation === generation) return generation;
  const accepted = previous?.extensions?.policy?.generation;
  const older = accepted !== undefined && accepted < generation ? accepted : generation - 1;
  return Math.min(serving.generation ?? servingCondition(previous)?.observedGeneration ?? older, generation);
}

/** Whether status says that something served; a server that is scaled to zero does not. */
export function servedBefore(previous: MCPServerStatus | undefined): boolean {
  return servingCondition(previous) !== undefined;
}

function servingCondition(previous: MCPServerStatus | undefined): Condition | undefined {
  return previous?.conditions?.find(
    ({ type, status, reason }) => type === 'Available' && status === 'True' && reason === 'Available',
  );
}

export function generationOf({ metadata }: MCPServer): number | undefined {
  return metadata.generation;
}

/** What speaks of two things speaks of the older one. */
export function olderOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.min(a, b);
}
