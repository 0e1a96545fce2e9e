import { expect, it } from '@jest/globals';
import { readPolicy } from '../policy/read-policy.ts';
import { rules } from './index.gen.ts';

const examples = rules.flatMap((rule) =>
  [...rule.examples.accepts, ...rule.examples.rejects].flatMap(({ title, parameters }) =>
    parameters === undefined ? [] : [{ name: `${rule.id}: ${title}`, rule, parameters }],
  ),
);

it.each(examples)('a policy can give what an example is given: $name', ({ rule, parameters }) => {
  const named = { [rule.id]: { action: 'deny', parameters } };
  const read = readPolicy({ apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy', rules: named }, rules);
  expect(read).toMatchObject({ type: 'usable', ignored: [] });
});

it.each<[rule: string, parameters: object]>([
  ['image-registry', { allowed: [] }],
  ['image-registry', { allowed: ['example'] }],
  ['image-registry', { allowed: ['https://ghcr.io/example'] }],
  ['image-registry', {}],
  ['secret-allowed', { allowed: ['Search'] }],
  ['secret-allowed', { allowed: Array.from({ length: 101 }, (_, index) => `search-${index}-*`) }],
  ['network-egress-limited', { refused: ['169.254.169.254'] }],
  ['network-ingress-limited', { ranges: ['10.0.0.0/33'] }],
  ['resources-limited', { max: { memory: 'much' } }],
  ['max-replicas', { max: -1 }],
])('a policy is refused that gives %s what it could not judge by: %j', (id, parameters) => {
  const named = { [id]: { action: 'deny', parameters } };
  const read = readPolicy({ apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy', rules: named }, rules);
  expect(read.type).toBe('unusable');
});
