import { expect, it } from '@jest/globals';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { mountPathsUsable } from './mount-paths-usable.ts';

function warned(...paths: readonly string[]) {
  const storage = paths.map((path) => ({ path, source: { type: 'EmptyDir', emptyDir: {} } }));
  const server = anMCPServer(withRawSpec({ config: { storage } }));
  return evaluateRules([mountPathsUsable], { server, facts: inMemoryFacts() }).map(({ path }) => path[3]);
}

it.each(['/d/', '//d', '/./d', '/d/.', '/a/../d', '/../d'])('sees that /d and %s are one place', (path) => {
  expect(warned('/d', path)).toEqual([1]);
});

it.each(['/d/e', '/e', '/D', '/d ', '/..d', '/d..'])('sees that /d and %s are two places', (path) => {
  expect(warned('/d', path)).toEqual([]);
});

it.each(['/', '/..', '//', '/dev', '/dev/', '/proc', '/proc/1', '/dev/termination-log', `/${'d'.repeat(256)}`])(
  'warns of a mount at %s',
  (path) => {
    expect(warned(path)).toEqual([0]);
  },
);

it.each(['/dev/shm', '/sys', '/process', '/etc', `/${'d'.repeat(255)}`])('is silent about a mount at %s', (path) => {
  expect(warned(path)).toEqual([]);
});
