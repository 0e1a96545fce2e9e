import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { applyDefaults } from '../../webhooks/core/defaults/apply.ts';
import { checkSchema } from '../../webhooks/core/mcpserver/schema.ts';
import { anMCPServer } from '../../webhooks/core/testing/builders.ts';
import { crdReference, examplePath } from './crd-reference.ts';
import { readSource } from './crd/source.ts';
import type { SchemaNode } from './crd/schema-node.ts';

const example: unknown = parse(readFileSync(examplePath, 'utf8'));

/** Paths of every field that is described in crds/source itself, with whether the example sets it. */
function fieldsOf(
  node: SchemaNode,
  path: string,
  examples: readonly unknown[],
): readonly (readonly [string, boolean])[] {
  if (node.items !== undefined)
    return fieldsOf(
      node.items,
      `${path}[]`,
      examples.flatMap((value) => value as unknown[]),
    );
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const found = examples
      .map((value) => (value as Record<string, unknown>)[name])
      .filter((value) => value !== undefined);
    return [[`${path}.${name}`, found.length > 0] as const, ...fieldsOf(child, `${path}.${name}`, found)];
  });
}

describe('the example of the reference', () => {
  it('is an MCPServer', () => {
    expect(checkSchema(example)).toMatchObject({ ok: true });
  });

  it('has every field of ours', async () => {
    const { source } = await readSource();
    const fields = fieldsOf(source.schema, 'MCPServer', [example]);
    expect(fields.length).toBeGreaterThan(60);
    expect(fields.filter(([, isSet]) => !isSet).map(([path]) => path)).toEqual([]);
  });
});

it('shows every field of ours with its meaning', async () => {
  const [page] = await crdReference.generate();
  const rows = page?.content.split('\n').filter((line) => line.startsWith('| `')) ?? [];
  const ours = rows.slice(
    0,
    rows.findIndex((line) => line.includes('localhostProfile')),
  );
  expect(ours.filter((row) => row.split(' | ')[4]?.trim() === '')).toEqual([]);
});

it('says our default beside that of Kubernetes, wherever we fill in a field of a security context', async () => {
  const [page] = await crdReference.generate();
  const rowsOf = (type: string): string => page?.content.split(`### ${type}\n`)[1]?.split('\n### ')[0] ?? '';
  const { securityContext = {}, podSecurityContext = {} } = applyDefaults(anMCPServer()).spec.runtime?.security ?? {};
  const wanted = Object.entries({ SecurityContext: securityContext, PodSecurityContext: podSecurityContext }).flatMap(
    ([type, fields]) => Object.entries(fields).map(([name, value]) => ({ type, name, value: JSON.stringify(value) })),
  );
  expect(wanted.map(({ name }) => name)).toContain('readOnlyRootFilesystem');
  const isSaid = ({ type, name, value }: (typeof wanted)[number]): boolean =>
    rowsOf(type)
      .split('\n')
      .some((row) => row.startsWith(`| \`${name}\` |`) && row.includes(`**Here: \`${value}\`.**`));
  expect(wanted.filter((one) => !isSaid(one))).toEqual([]);
});
