import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { manifestOfKubectl, replicasIn } from '../mcpserver/applied-by-kubectl.ts';
import { autoscalingOf } from '../mcpserver/autoscaling.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';

export const replicasWithAutoscaling: Rule = {
  id: 'replicas-with-autoscaling',
  severity: 'warn',
  stricterIn: 8,
  summary: 'A server that is scaled should not say how many replicas it has.',
  rationale:
    'The autoscaler writes spec.runtime.replicas. A manifest that says it too brings the number back each time it is applied, pods ' +
    'go and come again, and a tool that applies what is in Git finds a difference for ever. Left out, the field is the ' +
    "autoscaler's: a new server begins with one pod, and one that exists keeps those that it has. Whether a manifest says it is known of what is created, and of what " +
    'kubectl applies from the client; of other changes nobody can tell.',
  remedy: 'Leave spec.runtime.replicas out; minReplicas says how many there are at least.',
  examples: {
    accepts: [
      { title: 'the number left to the autoscaler', spec: { extensions: { autoscaling: { maxReplicas: 5 } } } },
      { title: 'a server without an autoscaler', spec: { runtime: { replicas: 3 }, mcp: { stateless: true } } },
      {
        title: 'a server that is stopped',
        spec: { runtime: { replicas: 0 }, extensions: { autoscaling: { maxReplicas: 5 } } },
      },
    ],
    rejects: [
      {
        title: 'a number, and an autoscaler',
        spec: { runtime: { replicas: 3 }, extensions: { autoscaling: { minReplicas: 2, maxReplicas: 5 } } },
      },
    ],
  },
  check({ server }) {
    const { replicas = 1 } = server.spec.runtime ?? {};
    if (replicas === 0 || autoscalingOf(server) === undefined || !isSaid(server)) return none;
    return [
      {
        path: ['spec', 'runtime', 'replicas'],
        headline: 'the autoscaler sets it, and each apply brings it back',
        detail: `found ${replicas} beside spec.extensions.autoscaling`,
      },
    ];
  },
};

/** Whoever scales raises the generation, so of the first one it is the author's; 1 is the default of the schema. */
function isSaid(server: MCPServer): boolean {
  const { metadata, spec } = server;
  const applied = manifestOfKubectl(server);
  if (applied !== undefined) return replicasIn(applied) !== undefined;
  return (metadata.generation ?? 1) <= 1 && (spec.runtime?.replicas ?? 1) !== 1;
}
