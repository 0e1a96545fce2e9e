import { expect, it } from '@jest/globals';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { packageVersionPinned } from './package-version-pinned.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';

const pathsOf = (command: readonly string[], args: readonly string[] = []): readonly unknown[] => {
  const server = anMCPServer(withRawSpec({ config: { arguments: args }, extensions: { stdio: { command } } }));
  return evaluateRules([packageVersionPinned], { server, facts: inMemoryFacts() }).map(({ path }) => path.join('.'));
};

it.each<[line: string, isPinned: boolean]>([
  ['npx a@1.2.3', true],
  ['npx @scope/a@1.2.3-beta.1', true],
  ['npx @scope/a@1', false],
  ['npx a@~1.2.3', false],
  ['npx @scope/a', false],
  [`npx github:example/a#${commit}`, true],
  ['npx github:example/a#main', false],
  ['npx ../a', true],
  ['uvx a==1.2.3', true],
  ['uvx a[x,y]==1.2.3rc1', true],
  ['uvx a@1.2', true],
  ['uvx a@latest', false],
  ['uvx --from a==1.* b', false],
  [`uvx --from git+https://example.com/a@${commit} a`, true],
  ['uvx --from git+https://example.com/a@main a', false],
  ['npx $(PACKAGE)', true],
])('takes %s for pinned: %s', (line, isPinned) => {
  expect(pathsOf(line.split(' ')).length === 0).toBe(isPinned);
});

it('names the place of each package, also among the arguments', () => {
  expect(pathsOf(['uvx', '--with', 'httpx'], ['--from', 'search', 'run'])).toEqual([
    'spec.config.arguments.1',
    'spec.extensions.stdio.command.2',
  ]);
});
