import { describe, expect, it } from '@jest/globals';
import type { Answer } from './admission/admission-review.ts';
import { createValidate } from './admission/validate.ts';
import type { ReferenceFacts } from './core/engine/facts.ts';
import type { Installation } from './core/engine/installation.ts';
import { judge, prepare } from './core/engine/judge.ts';
import { createPolicyVersion } from './core/engine/policy-version.ts';
import type { Policy } from './core/engine/policy.ts';
import { renderDenial, renderWarnings } from './core/engine/render.ts';
import type { Example, Rule } from './core/engine/rule.ts';
import type { MCPServer } from './core/mcpserver/types.gen.ts';
import { decide, type Decision } from './core/plan/decide.ts';
import type { ObservedChild } from './core/plan/observed.ts';
import { aChild } from './core/plan/testing/a-child.ts';
import { policyApiVersion, policyKind } from './core/policy/document.ts';
import { profiles } from './core/policy/profiles.ts';
import { readPolicy } from './core/policy/read-policy.ts';
import { builtInPolicy } from './core/rules/built-in-policy.ts';
import { rules } from './core/rules/index.gen.ts';
import { anMCPServer, withName, withRawSpec, withUid } from './core/testing/builders.ts';
import { anInstant, policyOf, prepared } from './core/testing/evaluate-rules.ts';
import { inMemoryFacts } from './core/testing/in-memory-facts.ts';
import { digest } from './platform/digest.ts';

/** One engine, one verdict: every example of every rule, through the door and through the control loop. */
const samples = rules.flatMap((rule: Rule) =>
  [...rule.examples.accepts, ...rule.examples.rejects].map(
    (example) => [`${rule.id}: ${example.title}`, { rule, example }] as const,
  ),
);

/** No reference is missing, so that rules alone decide. */
const everything: ReferenceFacts = { lookUp: () => ({ state: 'found', keys: new Set() }) };

/** The same of what no sample has; what one has was there before, and what it says is judged. */
const everythingBeside = (facts: ReferenceFacts): ReferenceFacts => ({
  ...facts,
  lookUp(kind, name) {
    const known = facts.lookUp(kind, name);
    return known.state === 'found' && known.settings !== undefined ? known : everything.lookUp(kind, name);
  },
});

interface Sample {
  readonly rule: Rule;
  readonly example: Example;
}

interface Input {
  readonly policy?: Policy;
  readonly server: MCPServer;
  readonly facts: ReferenceFacts;
  readonly installation?: Installation | undefined;
}

function toInput({ rule, example }: Sample, base: Policy): Input {
  const named = example.name === undefined ? [] : [withName(example.name)];
  return {
    server: anMCPServer(withUid('5b1c'), ...named, withRawSpec(example.spec ?? {})),
    facts: inMemoryFacts(example),
    installation: example.installation,
    policy: policyOf(base, rule, example),
  };
}

function decideOn(
  { server, policy = builtInPolicy, ...input }: Input,
  observed: readonly ObservedChild[] = [],
): Decision {
  const policyVersion = createPolicyVersion(policy, digest)(
    { namespace: 'mcp', name: server.metadata.name },
    { now: anInstant },
  );
  return decide({
    ...input,
    policy,
    policyVersion,
    now: anInstant,
    ...(input.installation?.apis === undefined ? {} : { apis: input.installation.apis }),
    subject: prepared(server, policy.compatibility),
    observed,
    digest,
  });
}

/** As the API server asks, with the object as its author wrote it: mutation was skipped. */
function askWebhook(
  { policy = builtInPolicy, server, facts, installation }: Input,
  oldObject?: MCPServer,
): Promise<Answer> {
  const gatherFacts = () => Promise.resolve(facts);
  const options = { policy, now: () => anInstant, onSkipped: () => undefined };
  const validate = createValidate({ ...options, gatherFacts, installation });
  const request = {
    uid: 'c2d1a7e0-0000-4000-8000-000000000000',
    kind: { group: 'mcp.x-k8s.io', version: 'v1beta1', kind: 'MCPServer' },
    subResource: '',
    operation: oldObject === undefined ? ('CREATE' as const) : ('UPDATE' as const),
    name: server.metadata.name,
    namespace: 'mcp',
    dryRun: false,
    userName: 'jane',
    object: server,
    oldObject,
  };
  return Promise.resolve(validate(request, { remainingMs: () => 1000, signal: () => new AbortController().signal }));
}

const inProfile = (said: Readonly<Record<string, unknown>>): Policy => {
  const document = { apiVersion: policyApiVersion, kind: policyKind, ...said };
  const read = readPolicy(document, rules);
  if (read.type === 'unusable') throw new Error(JSON.stringify(said));
  return read.policy;
};

const bases = [
  ['without a policy', builtInPolicy],
  ...Object.keys(profiles).map((profile) => [`under ${profile}`, inProfile({ extends: profile })] as const),
  ['under compatibility.profile reference', inProfile({ compatibility: { profile: 'reference' } })],
] as const;

describe.each(bases)('%s the webhook and the reconciler say the same about', (_base, base) => {
  it.each(samples)('%s', async (_, sample) => {
    const input = toInput(sample, base);
    const answer = await askWebhook(input);
    const { policy = builtInPolicy, server, facts, installation } = input;
    const context = { policy, facts, installation, now: anInstant };
    const { findings } = judge(prepare(server, policy.compatibility), context);
    const denials = findings.filter(({ severity }) => severity === 'deny');

    expect(answer.decision).toBe(denials.length === 0 ? 'allowed' : 'denied');
    expect('causes' in answer ? answer.causes : []).toEqual(denials.length === 0 ? [] : renderDenial(denials).causes);
    expect(answer.warnings).toEqual(renderWarnings(findings.filter(({ severity }) => severity === 'warn')));
  });

  // Another example is judged by what its successor is judged by: one policy for both sides of a change.
  const changes = samples.map(([, sample], index) => {
    const [title = '', { example } = sample] = samples[(index * 7 + 3) % samples.length] ?? [];
    const before = index % 2 === 0 ? sample.example : example;
    return [index % 2 === 0 ? 'itself' : title, before, sample] as const;
  });

  it.each(changes)('a change from %s', async (_, before, after) => {
    const name = 'search';
    const old = toInput({ ...after, example: { ...before, name } }, base).server;
    const input = toInput({ ...after, example: { ...after.example, name } }, base);
    const { policy = builtInPolicy, server, installation } = input;
    const facts = everythingBeside(input.facts);
    const answer = await askWebhook(input, old);

    // It ran before the rules did, and was changed then.
    const oldest = { ...old, metadata: { ...old.metadata, generation: 1 } };
    const first = decideOn({ policy, server: oldest, facts, installation }, [aChild({ uid: '5b1c' })]);
    if (first.verdict === 'retry') throw new Error(first.unchecked.reason);
    const status = { observedGeneration: 1, extensions: { policy: first.policy } };
    const changed = { ...server, metadata: { ...server.metadata, generation: 2 }, status };
    const second = decideOn({ ...input, server: changed });
    if (second.verdict === 'retry') throw new Error(second.unchecked.reason);

    const refused = 'causes' in answer ? answer.causes.map(({ field }) => field) : [];
    const { message = '' } = { message: undefined, ...second };
    expect(refused.filter((field) => !message.includes(`${field}: `))).toEqual([]);
    const tolerated = (answer.auditAnnotations?.['tolerated'] ?? '').split(',').filter((id) => id !== '');
    const isAccepted = second.policy.generation === 2;
    expect(isAccepted).toBe(answer.decision === 'allowed');
    if (isAccepted) expect(new Set(second.policy.tolerated?.map(({ rule }) => rule))).toEqual(new Set(tolerated));
  });
});

it('a server that the webhook denies: the reconciler does nothing about its children', () => {
  const server = anMCPServer(withRawSpec({ runtime: { security: { securityContext: { runAsUser: 0 } } } }));
  expect(decideOn({ server, facts: inMemoryFacts() }).verdict).toBe('invalid');
});
