import { expect, it } from '@jest/globals';
import { readSource } from './crd/source.ts';
import type { SchemaNode } from './crd/schema-node.ts';

/**
 * Every word of a status, from the beginning. Earlier releases refuse a whole server for one that they do not know, and after a
 * rollback nobody reconciles it. What there is to say besides goes into a field of its own, without an enum.
 */
const firstWords: Readonly<Record<string, readonly string[]>> = {
  phase: ['Pending', 'Running', 'Failed'],
  'extensions.foreign.fields[].state': ['Waiting', 'ComesBack', 'FromAdmission', 'Stays'],
  'extensions.rollout.phase': ['Proving', 'Rolling', 'Rejected', 'RolledBack', 'Blocked'],
  'extensions.rollout.proof': ['Proven', 'NotProven', 'Skipped'],
  'extensions.podFailure.cause': [
    ...['ImagePull', 'Configuration', 'Crashing', 'OutOfMemory', 'Unhealthy', 'Unschedulable', 'NotStarted'],
  ],
  'extensions.podFailure.hint': ['Stdio', 'Crash', 'Unready', 'Start', 'Own'],
  'extensions.tools.reason': ['ContractTooLarge', 'ContractUnreadable', 'ContractUnstable'],
  'extensions.verification.era': ['Stateless', 'Handshake'],
  'conditions[].status': ['True', 'False', 'Unknown'],
};

function wordsIn(node: SchemaNode | undefined, path = ''): readonly (readonly [string, readonly string[]])[] {
  if (node === undefined) return [];
  const { enum: words, properties = {}, items, additionalProperties } = node;
  return [
    ...(words === undefined ? [] : [[path, words] as const]),
    ...Object.entries(properties).flatMap(([name, child]) => wordsIn(child, path === '' ? name : `${path}.${name}`)),
    ...wordsIn(items, `${path}[]`),
    ...wordsIn(additionalProperties, `${path}{}`),
  ];
}

it('no word of a status is new, so a release before this one goes on with what this one wrote', async () => {
  const { source } = await readSource();
  expect(Object.fromEntries(wordsIn(source.schema.properties?.['status']))).toEqual(firstWords);
});
