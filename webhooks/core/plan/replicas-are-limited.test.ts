import { describe, expect, it } from '@jest/globals';
import { createPolicyVersion } from '../engine/policy-version.ts';
import { ownEntry, type Policy } from '../engine/policy.ts';
import type { MCPServer, PolicyState } from '../mcpserver/types.gen.ts';
import { maxReplicas } from '../rules/max-replicas.ts';
import { anMCPServer, withGeneration, withReplicas, withUid } from '../testing/builders.ts';
import { anInstant, prepared } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { decide, type Decision } from './decide.ts';
import { aChild } from './testing/a-child.ts';

const atMost = (max: number): Policy => {
  const entries = [ownEntry(maxReplicas, { max })];
  return { rules: [maxReplicas], entriesFor: () => entries };
};
const digest = (text: string): string => text;
const noLimit: Policy = { rules: [maxReplicas], entriesFor: () => [] };

function aServer(replicas: number, generation: number): MCPServer {
  return anMCPServer(withUid('u-1'), withReplicas(replicas), withGeneration(generation));
}

/** As the reconciler finds a server that runs already. */
function decideOn(server: MCPServer, policy: Policy): Decision {
  const policyVersion = createPolicyVersion(policy, digest)({ namespace: 'mcp', name: 'search' }, { now: anInstant });
  const observed = [aChild({ uid: 'u-1' })];
  const input = { subject: prepared(server), facts: inMemoryFacts(), observed, policy, policyVersion, now: anInstant };
  return decide({ ...input, digest });
}

/** The server of the next generation, with what status remembers of the one before. */
function afterwards(replicas: number, decision: Decision, generation: number): MCPServer {
  if (decision.verdict === 'retry') throw new Error(decision.unchecked.reason);
  const policy: PolicyState = decision.policy;
  return { ...aServer(replicas, generation), status: { observedGeneration: generation - 1, extensions: { policy } } };
}

function replicasBuilt(decision: Decision): unknown {
  if (decision.verdict !== 'accepted') return decision.verdict;
  const deployment = decision.desired.find(({ kind }) => kind === 'Deployment');
  return (deployment?.['spec'] as { readonly replicas?: number } | undefined)?.replicas;
}

describe('replicas beyond what the policy allows', () => {
  it('are not built when they were set past the webhook', () => {
    const first = decideOn(aServer(3, 1), atMost(5));
    expect(replicasBuilt(first)).toBe(3);
    expect(replicasBuilt(decideOn(afterwards(6, first, 2), atMost(5)))).toBe('invalid');
    expect(replicasBuilt(decideOn(afterwards(5, first, 2), atMost(5)))).toBe(5);
  });

  it('are not built when a policy came at the same time, and nobody can tell which of them was first', () => {
    const first = decideOn(aServer(3, 1), noLimit);
    expect(replicasBuilt(decideOn(afterwards(6, first, 2), atMost(5)))).toBe('invalid');
  });

  it('stay where they ran before the policy came, and nothing more is built', () => {
    const first = decideOn(aServer(9, 1), noLimit);
    const unchanged = { ...afterwards(9, first, 1), metadata: aServer(9, 1).metadata };
    const tolerated = decideOn(unchanged, atMost(5));
    expect(replicasBuilt(tolerated)).toBe(9);
    expect(replicasBuilt(decideOn(afterwards(10, tolerated, 2), atMost(5)))).toBe('invalid');
    expect(replicasBuilt(decideOn(afterwards(4, tolerated, 2), atMost(5)))).toBe(4);
  });

  it('are not what an autoscaler may set, either', () => {
    const next = afterwards(2, decideOn(aServer(2, 1), atMost(5)), 2);
    const scaled = (maxReplicas: number): MCPServer => ({
      ...next,
      spec: { ...next.spec, extensions: { autoscaling: { maxReplicas } } },
    });
    expect(replicasBuilt(decideOn(scaled(5), atMost(5)))).toBe(2);
    expect(replicasBuilt(decideOn(scaled(6), atMost(5)))).toBe('invalid');
  });
});
