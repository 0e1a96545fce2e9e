import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { autoscalingOf } from '../mcpserver/autoscaling.ts';
import { ownValue } from '../mcpserver/record.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-last-applied-configuration */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Longer ones are not read, in characters: they are a text of anybody's, and a part of what a request may have. */
const maxAppliedLength = 64 * 1024;

export const replicasWithAutoscaling: Rule = {
  id: 'replicas-with-autoscaling',
  severity: 'warn',
  stricterIn: 8,
  summary: 'A server that is scaled should not say how many replicas it has.',
  rationale:
    'The autoscaler writes spec.runtime.replicas. A manifest that says it too brings the number back each time it is applied, pods ' +
    'go and come again, and a tool that applies what is in Git finds a difference for ever. Left out, the field is the ' +
    "autoscaler's; a new server begins with one pod. Whether a manifest says it is known of what is created, and of what " +
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
function isSaid({ metadata, spec }: MCPServer): boolean {
  const applied = metadata.annotations?.[lastApplied];
  if (applied !== undefined) return saysReplicas(applied);
  return (metadata.generation ?? 1) <= 1 && (spec.runtime?.replicas ?? 1) !== 1;
}

function saysReplicas(manifest: string): boolean {
  if (manifest.length > maxAppliedLength) return false;
  try {
    const read: unknown = JSON.parse(manifest);
    return ownValue(ownValue(ownValue(read, 'spec'), 'runtime'), 'replicas') !== undefined;
  } catch {
    return false;
  }
}
