import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { createValidate } from './admission/validate.ts';
import { runCli } from './cli/testing/run-cli.ts';
import { createPolicyVersion } from './core/engine/policy-version.ts';
import type { Policy } from './core/engine/policy.ts';
import type { MCPServer } from './core/mcpserver/types.gen.ts';
import { decide, type Decision } from './core/plan/decide.ts';
import { aChild } from './core/plan/testing/a-child.ts';
import { readPolicy } from './core/policy/read-policy.ts';
import { rules } from './core/rules/index.gen.ts';
import { anMCPServer, withImage, withRawSpec, withReplicas, type Option } from './core/testing/builders.ts';
import { prepared } from './core/testing/evaluate-rules.ts';
import { inMemoryFacts } from './core/testing/in-memory-facts.ts';
import { digest } from './platform/digest.ts';

/**
 * A change of the policy and one of a server, in one pull request: what a cluster makes of it, whose reconciler knew the
 * server under the policy of before, and what `check --base` says about the same files.
 */

type Document = Readonly<Record<string, unknown>>;

const whole = (document: Document): Document => ({
  ...{ apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy' },
  ...document,
});

function policyFrom(document: Document): Policy {
  const read = readPolicy(whole(document), rules);
  if (read.type !== 'usable' || read.ignored.length > 0) throw new Error(JSON.stringify(read));
  return read.policy;
}

const now = new Date().toISOString();
const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

const exemption = (rule: string, days: number): Document => ({
  ...{ rule, namespace: 'mcp', name: 'search', reason: 'vendor image', owner: 'team-search' },
  expires: inDays(days),
});

const excusedFromRoot = { exemptions: [exemption('run-as-non-root', 90)] };
const strictTags = { rules: { 'image-tag-pinned': { action: 'deny' } } };

const asRoot = withRawSpec({ runtime: { security: { securityContext: { runAsUser: 0 } } } });
const latest = withImage('ghcr.io/example/search:latest');
const newer = withImage('ghcr.io/example/search:1.5.0');
const withVariable = withRawSpec({ config: { env: [{ name: 'A', value: 'b' }] } });

interface Row {
  readonly before: Document;
  readonly now: Document;
  readonly old: readonly Option[];
  readonly new: readonly Option[];
  readonly verdict: 'allowed' | 'denied';
}

const table: Readonly<Record<string, Row>> = {
  'an exemption that is removed with a change of the pods': {
    ...{ before: excusedFromRoot, now: {}, old: [asRoot], new: [asRoot, newer], verdict: 'denied' },
  },
  'an exemption that is removed with a change of the replicas alone': {
    ...{ before: excusedFromRoot, now: {}, old: [asRoot], new: [asRoot, withReplicas(3)], verdict: 'allowed' },
  },
  'an exemption that is removed, and nothing else': {
    ...{ before: excusedFromRoot, now: {}, old: [asRoot], new: [asRoot], verdict: 'allowed' },
  },
  'an exemption that is removed while the violation is mended': {
    ...{ before: excusedFromRoot, now: {}, old: [asRoot], new: [newer], verdict: 'allowed' },
  },
  'an exemption that ends soon, and is removed with a change of the pods': {
    ...{ before: { exemptions: [exemption('run-as-non-root', 3)] }, now: {}, verdict: 'denied' },
    ...{ old: [asRoot], new: [asRoot, newer] },
  },
  'an exemption that had ended, and is removed with a change of the pods': {
    ...{ before: { exemptions: [exemption('run-as-non-root', -3)] }, now: {}, verdict: 'denied' },
    ...{ old: [asRoot], new: [asRoot, newer] },
  },
  'an exemption that is made to end today': {
    ...{ before: excusedFromRoot, now: { exemptions: [exemption('run-as-non-root', 0)] }, verdict: 'denied' },
    ...{ old: [asRoot], new: [asRoot, newer] },
  },
  'an exemption that stays': {
    ...{ before: excusedFromRoot, now: excusedFromRoot, old: [asRoot], new: [asRoot, newer], verdict: 'allowed' },
  },
  'an exemption of another server that is removed': {
    before: { exemptions: [{ ...exemption('run-as-non-root', 90), name: 'other' }] },
    ...{ now: {}, old: [asRoot], new: [asRoot, newer], verdict: 'allowed' },
  },
  'an exemption from another rule that is removed': {
    ...{ before: { exemptions: [exemption('image-tag-pinned', 90)] }, now: strictTags, verdict: 'allowed' },
    ...{ old: [latest], new: [latest, withReplicas(3)] },
  },
  'an exemption from a rule that only warns': {
    ...{ before: { exemptions: [exemption('image-tag-pinned', 90)] }, now: {}, verdict: 'allowed' },
    ...{ old: [latest], new: [latest, withVariable] },
  },
  'an override that is removed, with what it let in left as it was': {
    before: { overrides: [{ namespaces: ['mcp'], rules: { 'run-as-non-root': { action: 'off' } } }] },
    ...{ now: {}, old: [asRoot], new: [asRoot, newer], verdict: 'allowed' },
  },
  'an override that is removed, and a change at the place that it let in': {
    before: { overrides: [{ namespaces: ['mcp'], rules: { 'image-tag-pinned': { action: 'audit' } } }] },
    now: strictTags,
    ...{ old: [latest], new: [withImage('ghcr.io/example/other:latest')], verdict: 'denied' },
  },
  'an override that is removed, and a second violation': {
    before: { overrides: [{ namespaces: ['mcp'], rules: { 'run-as-non-root': { action: 'warn' } } }] },
    ...{ now: strictTags, old: [asRoot], new: [asRoot, latest], verdict: 'denied' },
  },
  'a rule that is made stricter': {
    ...{ before: {}, now: strictTags, old: [latest], new: [latest, withVariable], verdict: 'allowed' },
  },
  'a policy that is given up': {
    ...{ before: { extends: 'audit-only' }, now: {}, old: [asRoot], new: [asRoot, newer], verdict: 'allowed' },
  },
};

const object = { namespace: 'mcp', name: 'search' };
const facts = inMemoryFacts();

/** One round of the reconciler about this object. */
function round(server: MCPServer, policy: Policy): Exclude<Decision, { readonly verdict: 'retry' }> {
  const decided = decide({
    ...{ subject: prepared(server), facts, policy, now, digest, observed: [aChild({ uid: 'u-1' })] },
    policyVersion: createPolicyVersion(policy, digest)(object, { now }),
  });
  if (decided.verdict === 'retry') throw new Error(decided.unchecked.reason);
  return decided;
}

interface Said {
  readonly refused: readonly string[];
  readonly tolerated: readonly string[];
}

/** The server runs under the policy of before; the new policy comes, and then the new server. */
async function askCluster({ before, now: after, old, new: changed }: Row): Promise<Said> {
  const policy = policyFrom(after);
  let stored = numbered(anMCPServer(...old), 1);
  for (const one of [policyFrom(before), policy]) {
    const status = { observedGeneration: 1, extensions: { policy: round(stored, one).policy } };
    stored = { ...stored, status };
  }
  const validate = createValidate({
    ...{ policy, gatherFacts: () => Promise.resolve(facts), now: () => now, onSkipped: () => undefined },
  });
  const server = { ...numbered(anMCPServer(...changed), 2), status: stored.status ?? {} };
  const answer = await validate(
    {
      ...{ uid: 'u', subResource: '', dryRun: false, userName: 'jane', ...object, object: server, oldObject: stored },
      ...{ kind: { group: 'mcp.x-k8s.io', version: 'v1beta1', kind: 'MCPServer' }, operation: 'UPDATE' },
    },
    { remainingMs: () => 1_000, signal: () => new AbortController().signal },
  );
  const { tolerated = '' } = answer.auditAnnotations ?? {};
  return {
    refused: 'causes' in answer ? answer.causes.map(({ message }) => message) : [],
    tolerated: tolerated.split(',').filter((id) => id !== ''),
  };
}

function numbered(server: MCPServer, generation: number): MCPServer {
  return { ...server, metadata: { ...server.metadata, uid: 'u-1', generation } };
}

const folder = mkdtempSync(join(tmpdir(), 'policy-change-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface JsonReport {
  readonly findings: readonly {
    readonly ruleId: string;
    readonly severity: string;
    readonly tolerated: boolean;
    readonly message: string;
  }[];
}

/** The same as files: JSON is YAML. */
async function askGate({ before, now: after, old, new: changed }: Row): Promise<Said & { readonly code: number }> {
  const files = { 'before/ci/policy.yaml': whole(before), 'now/ci/policy.yaml': whole(after) };
  const servers = { 'before/deploy/a.yaml': anMCPServer(...old), 'now/deploy/a.yaml': anMCPServer(...changed) };
  for (const [name, content] of Object.entries({ ...files, ...servers })) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), JSON.stringify(content));
  }
  const options = [
    '--base',
    join(folder, 'before'),
    '--policy',
    join(folder, 'now/ci/policy.yaml'),
    '--output',
    'json',
  ];
  const { code, out, error } = await runCli(['check', ...options, join(folder, 'now/deploy')]);
  expect(error).toBe('');
  const { findings } = JSON.parse(out) as JsonReport;
  const denials = findings.filter(({ severity }) => severity === 'deny');
  return {
    code,
    refused: denials.filter(({ tolerated }) => !tolerated).map(({ message }) => message),
    tolerated: denials.filter(({ tolerated }) => tolerated).map(({ ruleId }) => ruleId),
  };
}

describe('check --base says what a cluster says of', () => {
  it.each(Object.entries(table))('%s', async (_what, row) => {
    const cluster = await askCluster(row);
    expect(cluster.refused.length > 0 ? 'denied' : 'allowed').toBe(row.verdict);
    const { code, ...gate } = await askGate(row);
    expect(gate).toEqual(cluster);
    expect(code).toBe(row.verdict === 'denied' ? 1 : 0);
  });
});
