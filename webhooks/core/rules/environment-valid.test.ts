import { expect, it } from '@jest/globals';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { environmentValid } from './environment-valid.ts';

function check(env: readonly unknown[]) {
  const server = anMCPServer(withRawSpec({ config: { env } }));
  return evaluateRules([environmentValid], { server, facts: inMemoryFacts() });
}

it('shows neither a value nor a name that holds one', () => {
  const valueFrom = { fieldRef: { fieldPath: 'metadata.name' } };
  const violations = check([{ name: 'TOKEN=hunter2' }, { name: 'TOKEN', value: 'hunter2', valueFrom }]);
  expect(violations).toHaveLength(2);
  expect(JSON.stringify(violations)).not.toContain('hunter2');
});

it.each(Array.from(' !"#$%&/<>?@[]^`{|}~9'))('allows %p in a name', (character) => {
  expect(check([{ name: character }])).toEqual([]);
});

it.each(['\t', '\n', '\u007f', '=', 'é', '😀'])('refuses %p in a name', (character) => {
  expect(check([{ name: `A${character}` }])).toHaveLength(1);
});
