import { expect, it } from '@jest/globals';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { annotationsUsable } from './annotations-usable.ts';

const refused = (extraAnnotations: Readonly<Record<string, string>>): readonly unknown[] =>
  evaluateRules([annotationsUsable], {
    server: anMCPServer(withSpec({ extraAnnotations })),
    facts: inMemoryFacts(),
  }).map(({ path }) => path.at(-1));

it.each([
  'container.seccomp.security.alpha.kubernetes.io/mcp-server',
  'deployment.kubernetes.io/revision',
  'deprecated.deployment.rollback.to',
  'kubernetes.io/config.mirror',
  'scheduler.alpha.kubernetes.io/tolerations',
  'seccomp.security.alpha.kubernetes.io/pod',
  'service.beta.kubernetes.io/load-balancer-source-ranges',
  'controller.kubernetes.io/pod-deletion-cost',
])('refuses %s among others, which Kubernetes reads itself', (key) => {
  expect(refused({ 'example.com/owner': 'search', [key]: 'x', note: 'y' })).toEqual([key]);
});

it.each(['example.com/kubernetes.io', 'deprecated.example.com/owner', 'kubernetes.io/description'])(
  'takes %s, which Kubernetes does not read',
  (key) => {
    expect(refused({ [key]: 'x' })).toEqual([]);
  },
);
