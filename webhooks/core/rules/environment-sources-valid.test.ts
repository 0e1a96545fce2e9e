import { expect, it } from '@jest/globals';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { environmentSourcesValid } from './environment-sources-valid.ts';

function check(valueFrom: object) {
  const server = anMCPServer(withRawSpec({ config: { env: [{ name: 'A', valueFrom }] } }));
  return evaluateRules([environmentSourcesValid], { server, facts: inMemoryFacts() });
}

it.each([
  ['limits.cpu', '1'],
  ['limits.cpu', '1000m'],
  ['limits.cpu', '1000u'],
  ['limits.cpu', '0'],
  ['limits.memory', '1024Ki'],
  ['limits.memory', '1000k'],
  ['limits.memory', 1000],
  ['requests.hugepages-2Mi', '1Mi'],
])('takes %s divided by %s', (resource, divisor) => {
  expect(check({ resourceFieldRef: { resource, divisor } })).toEqual([]);
});

it.each([
  ['limits.cpu', '1Ki'],
  ['limits.cpu', '1u'],
  ['limits.cpu', '1e0'],
  ['limits.memory', '1e3'],
  ['limits.memory', '1024'],
  ['limits.memory', '0.5Mi'],
  ['limits.memory', '1m'],
  ['limits.ephemeral-storage', '3'],
])('refuses %s divided by %s', (resource, divisor) => {
  const [violation] = check({ resourceFieldRef: { resource, divisor } });
  expect(violation?.path.at(-1)).toBe('divisor');
});

it.each(["metadata.annotations['Example.com/A']", "metadata.labels['a']", 'status.podIPs', 'spec.host'])(
  'takes the field %s',
  (fieldPath) => {
    expect(check({ fieldRef: { fieldPath } })).toEqual([]);
  },
);

it.each(["metadata.labels['Example.com/A']", "metadata.labels['a'b']", "metadata.name['a']", 'metadata.labels[a]', ''])(
  'refuses the field %s',
  (fieldPath) => {
    const [violation] = check({ fieldRef: { fieldPath } });
    expect(violation?.path.at(-1)).toBe('fieldPath');
  },
);
