import { join, none } from '../../engine/violations.ts';
import type { MCPServer } from '../../mcpserver/types.gen.ts';
import type { Violation } from '../../mcpserver/violation.ts';

/** Each number of replicas that a server may come to by itself, its autoscaler's too, where that is more than `max`; `say` has the words. */
export function checkMostReplicas(
  { runtime, extensions }: MCPServer['spec'],
  max: number,
  say: (replicas: number) => Omit<Violation, 'path'>,
): readonly Violation[] {
  const check = (replicas: number, path: Violation['path']): readonly Violation[] =>
    replicas <= max ? none : [{ path, ...say(replicas) }];
  return join(
    check(runtime?.replicas ?? 1, ['spec', 'runtime', 'replicas']),
    check(extensions?.autoscaling?.maxReplicas ?? 0, ['spec', 'extensions', 'autoscaling', 'maxReplicas']),
  );
}
