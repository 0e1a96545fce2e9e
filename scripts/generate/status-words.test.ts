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

/**
 * Every field that a schema of ours has demanded, from the beginning: earlier releases refuse a status without it just the same.
 * `extensions.policy` has to have a `digest` as well, which the schema demands no more; webhooks/core/plan/status.test.ts.
 */
const firstDemands: Readonly<Record<string, readonly string[]>> = {
  'extensions.policy.tolerated[]': ['rule', 'path', 'message', 'fingerprint'],
  'extensions.foreign': ['fields'],
  'extensions.foreign.fields[]': ['kind', 'path', 'state'],
  'extensions.rollout': ['phase', 'target'],
  'extensions.rollout.target': ['template', 'since'],
  'extensions.rollout.stable': ['template', 'replicaSet'],
  'extensions.rollout.failed[]': ['template', 'reason', 'message', 'at'],
  'extensions.podFailure': ['cause', 'pod'],
  'extensions.tools.list[]': ['name', 'interface', 'wording'],
  'extensions.verification.failingPods[]': ['name', 'message'],
  'conditions[]': ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
};

type Found = readonly (readonly [path: string, texts: readonly string[]])[];

/** What is said under a keyword in each place of a schema. */
function everyIn(node: SchemaNode | undefined, keyword: 'enum' | 'required', path = ''): Found {
  if (node === undefined) return [];
  const { [keyword]: texts, properties = {}, items, additionalProperties } = node;
  return [
    ...(texts === undefined ? [] : [[path, texts] as const]),
    ...Object.entries(properties).flatMap(([name, child]) =>
      everyIn(child, keyword, path === '' ? name : `${path}.${name}`),
    ),
    ...everyIn(items, keyword, `${path}[]`),
    ...everyIn(additionalProperties, keyword, `${path}{}`),
  ];
}

async function inStatus(keyword: 'enum' | 'required'): Promise<Readonly<Record<string, readonly string[]>>> {
  const { source } = await readSource();
  return Object.fromEntries(everyIn(source.schema.properties?.['status'], keyword));
}

it('no word of a status is new, so a release before this one goes on with what this one wrote', async () => {
  expect(await inStatus('enum')).toEqual(firstWords);
});

it('nothing that a status had to have is left out, for the same reason', async () => {
  expect(await inStatus('required')).toMatchObject(firstDemands);
});
