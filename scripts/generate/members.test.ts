import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { findMembers, toCamelCase } from './members.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'members-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function given(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

it('lists the files that declare a member, alphabetically', async () => {
  await given({
    'run-as-non-root.ts': 'export const runAsNonRoot: Rule = {',
    'config-map-exists.ts': "import x from 'y';\nexport const configMapExists: Rule = {",
  });
  expect(await findMembers(folder, 'Rule')).toEqual([
    { id: 'config-map-exists', constant: 'configMapExists' },
    { id: 'run-as-non-root', constant: 'runAsNonRoot' },
  ]);
});

it('passes over contracts, parts, tests and generated files', async () => {
  await given({
    'rule.ts': 'export interface Rule {}',
    'part.ts': 'export const part = (rule: Rule) => rule;',
    'a.test.ts': 'export const aTest: Rule = {',
    'index.gen.ts': 'export const rules: readonly Rule[] = [];',
    'other.ts': 'export const other: RuleInput = {',
    'README.md': 'export const readme: Rule = {',
  });
  expect(await findMembers(folder, 'Rule')).toEqual([]);
});

it.each([
  ['another name than the file', 'export const somethingElse: Rule = {'],
  ['two members in one file', 'export const aRule: Rule = {\nexport const second: Rule = {'],
])('refuses %s instead of leaving it out', async (_situation, text) => {
  await given({ 'a-rule.ts': text });
  await expect(findMembers(folder, 'Rule')).rejects.toThrow('named aRule');
});

it.each([
  ['run-as-non-root', 'runAsNonRoot'],
  ['service', 'service'],
  ['env-2-long', 'env2Long'],
])('names the constant of %s %s', (id, constant) => {
  expect(toCamelCase(id)).toBe(constant);
});
