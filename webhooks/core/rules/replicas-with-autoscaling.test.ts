import { describe, expect, it } from '@jest/globals';
import { anMCPServer, withGeneration, withMetadata, withRawSpec, withReplicas } from '../testing/builders.ts';
import type { Option } from '../testing/builders.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { replicasWithAutoscaling } from './replicas-with-autoscaling.ts';

const scaled = withRawSpec({ extensions: { autoscaling: { maxReplicas: 5 } } });
const isFound = (...options: readonly Option[]): boolean =>
  evaluateRules([replicasWithAutoscaling], { server: anMCPServer(scaled, ...options), facts: inMemoryFacts() }).length >
  0;
const appliedByKubectl = (manifest: string): Option =>
  withMetadata({ annotations: { 'kubectl.kubernetes.io/last-applied-configuration': manifest } });

describe('a number of replicas beside an autoscaler', () => {
  it("is the author's while nobody else can have set it", () => {
    expect(isFound(withReplicas(3))).toBe(true);
    expect(isFound(withReplicas(3), withGeneration(1))).toBe(true);
  });

  it("is the autoscaler's later on: a change of something else is not warned of", () => {
    expect(isFound(withReplicas(3), withGeneration(2))).toBe(false);
  });

  it('is what the schema says of who says nothing', () => {
    expect(isFound(withReplicas(1), withGeneration(1))).toBe(false);
  });

  it.each([
    ['says it, as each of its applies does', '{"spec":{"runtime":{"replicas":1}}}', true],
    ['leaves it out', '{"spec":{"runtime":{"health":{"x":"replicas"}}}}', false],
    ['is no JSON', '{"spec":', false],
    ['is longer than anybody reads', `{"spec":{"runtime":{"replicas":1}}}${' '.repeat(64 * 1024)}`, false],
    ['is nested without an end', '['.repeat(60_000), false],
  ])('of a manifest that kubectl applies is known by the manifest: it %s', (_, manifest, isSaid) => {
    expect(isFound(withReplicas(3), withGeneration(7), appliedByKubectl(manifest))).toBe(isSaid);
  });
});
