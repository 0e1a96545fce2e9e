import { defineRule, type Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { checkMostReplicas } from './parts/most-replicas.ts';

export const replicasStateful: Rule = defineRule({
  id: 'replicas-stateful',
  severity: 'deny',
  isOptIn: true,
  summary: 'A server that keeps sessions must not have more replicas than the policy allows such servers.',
  rationale:
    'An MCP session lives in the pod that began it. Requests of one client address go to one pod as long as the address and ' +
    'the pods stay, so with several replicas every scaling, roll-out and restart ends sessions, and clients behind one ' +
    'gateway all meet in one pod. `replicas-stateless` warns of that; this rule is for platforms that do not want it at all, ' +
    'or only up to a number.',
  remedy: 'Set spec.mcp.stateless: true if the server keeps no sessions, otherwise lower spec.runtime.replicas.',
  parameters: {
    max: { type: 'integer', minimum: 1, default: 1, help: 'Most replicas of a server that keeps sessions.' },
  },
  examples: {
    accepts: [
      { title: 'one replica', spec: { runtime: { replicas: 1 } } },
      {
        title: 'several replicas of a server without sessions',
        spec: { runtime: { replicas: 3 }, mcp: { stateless: true } },
      },
      { title: 'as many as the policy allows', spec: { runtime: { replicas: 2 } }, parameters: { max: 2 } },
    ],
    rejects: [
      { title: 'two replicas of a server that may keep sessions', spec: { runtime: { replicas: 2 } } },
      {
        title: 'an autoscaler that may go further',
        spec: { extensions: { autoscaling: { maxReplicas: 2 } } },
      },
      {
        title: 'more than the policy allows',
        spec: { runtime: { replicas: 3 }, mcp: { stateless: false } },
        parameters: { max: 2 },
      },
    ],
  },
  check({ server: { spec } }, { max }) {
    if (spec.mcp?.stateless === true) return none;
    return checkMostReplicas(spec, max, (replicas) => ({
      headline: 'a server that keeps sessions has more replicas than are allowed here',
      detail: `found ${replicas} without spec.mcp.stateless: true`,
      remedy: `Set spec.mcp.stateless: true if the server keeps no sessions, otherwise use at most ${max}.`,
    }));
  },
});
