import { describe, expect, it } from '@jest/globals';
import type { Answer } from './admission/admission-review.ts';
import { createValidate } from './admission/validate.ts';
import { compileCrdRules } from './cli/crd-rules.ts';
import { judgeManifest } from './cli/judge-manifest.ts';
import { judge, prepare } from './core/engine/judge.ts';
import { revisionOf } from './core/engine/policy-version.ts';
import { atOwnSeverity, type Policy } from './core/engine/policy.ts';
import { fingerprint } from './core/engine/ratchet.ts';
import type { Example, Rule } from './core/engine/rule.ts';
import type { MCPServer, PolicyState } from './core/mcpserver/types.gen.ts';
import { structure } from './core/mcpserver/structure.gen.ts';
import type { Violation } from './core/mcpserver/violation.ts';
import { decide, type Decision } from './core/plan/decide.ts';
import { aChild } from './core/plan/testing/a-child.ts';
import { builtInPolicy } from './core/rules/built-in-policy.ts';
import { rules } from './core/rules/index.gen.ts';
import { anMCPServer, withGeneration, withName, withRawSpec, withStatus, withUid } from './core/testing/builders.ts';
import { anInstant, policyOf, prepared } from './core/testing/evaluate-rules.ts';
import { inMemoryFacts } from './core/testing/in-memory-facts.ts';
import { digest } from './platform/digest.ts';

/** Data decides, prose tells: with every sentence of every rule replaced, nothing changes but sentences. */

type Reword = (text: string) => string;

let sentences = 0;

const rewordings: readonly (readonly [string, Reword])[] = [
  ['all of them the same', () => 'x'],
  ['none of them ever the same', () => `sentence ${(sentences += 1)}`],
];

function reworded(rule: Rule, reword: Reword): Rule {
  const rewordedViolation = (violation: Violation): Violation => ({
    ...violation,
    headline: reword(violation.headline),
    detail: reword(violation.detail),
    ...(violation.remedy === undefined ? {} : { remedy: reword(violation.remedy) }),
  });
  return {
    ...rule,
    remedy: reword(rule.remedy),
    check: (input, parameters) => rule.check(input, parameters).map(rewordedViolation),
  };
}

const policyIn = (reword: Reword): Policy => atOwnSeverity(rules.map((rule) => reworded(rule, reword)));

const crdRules = compileCrdRules(structure);

const samples = rules.flatMap(({ id, examples: { accepts, rejects } }) =>
  [...accepts, ...rejects].map((example) => [`${id}: ${example.title}`, example] as const),
);

const ruleOf = new Map(
  rules.flatMap(({ id, examples: { accepts, rejects } }) => [...accepts, ...rejects].map((example) => [example, id])),
);

/** The policy, in which the rule of this example judges as the example wants it. */
function judging(policy: Policy, example: Example): Policy {
  const rule = policy.rules.find(({ id }) => id === ruleOf.get(example));
  return rule === undefined ? policy : policyOf(policy, rule, example);
}

const serverOf = ({ spec = {} }: Example, name = 'search'): MCPServer =>
  anMCPServer(withName(name), withUid('5b1c'), withRawSpec(spec));

/** What the webhook answers, without what it says. */
async function askWebhook(policy: Policy, example: Example, oldObject?: MCPServer): Promise<object> {
  const gatherFacts = () => Promise.resolve(inMemoryFacts(example));
  const { installation } = example;
  const validate = createValidate({
    policy,
    gatherFacts,
    installation,
    now: () => anInstant,
    onSkipped: () => undefined,
  });
  const object = serverOf(example, oldObject === undefined ? example.name : 'search');
  const request = {
    ...{ uid: 'u', subResource: '', namespace: 'mcp', dryRun: false, userName: 'jane' },
    kind: { group: 'mcp.x-k8s.io', version: 'v1beta1', kind: 'MCPServer' },
    operation: oldObject === undefined ? ('CREATE' as const) : ('UPDATE' as const),
    ...{ name: object.metadata.name, object, oldObject },
  };
  const signal = () => new AbortController().signal;
  const answer: Answer = await validate(request, { remainingMs: () => 1_000, signal });
  const { decision, auditAnnotations, warnings = [] } = answer;
  const refusal = answer.decision === 'denied' ? [answer.ruleIds, answer.causes.map(({ field }) => field)] : [];
  return { decision, auditAnnotations, warnings: warnings.length, refusal };
}

interface Round {
  readonly decision: object;
  readonly policy?: PolicyState | undefined;
}

/** What the reconciler decides, without what it says. */
function decideOn(policy: Policy, server: MCPServer, example: Example, isRunning: boolean): Round {
  const { installation } = example;
  const decision: Decision = decide({
    ...{ subject: prepared(server), facts: inMemoryFacts(example), installation },
    ...{ policy, policyVersion: { revision: revisionOf(policy.rules) }, now: anInstant, digest },
    observed: isRunning ? [aChild({ uid: '5b1c' })] : [],
  });
  switch (decision.verdict) {
    case 'accepted':
      return { decision: { actions: decision.actions, ...textless(decision.policy) }, policy: decision.policy };
    case 'invalid':
      return { decision: { verdict: 'invalid', ...textless(decision.policy) }, policy: decision.policy };
    case 'retry':
      return { decision: { ...decision.unchecked, reason: '' } };
  }
}

function textless(policy: PolicyState): object {
  return { policy: { ...policy, tolerated: policy.tolerated?.map((entry) => ({ ...entry, message: '' })) } };
}

describe.each(rewordings)('with %s', (_, reword) => {
  const others = policyIn(reword);

  it('every sentence is another', () => {
    const subject = prepare(anMCPServer(withName('a.b')));
    const context = { facts: inMemoryFacts(), now: anInstant };
    const [finding] = judge(subject, { ...context, policy: others }).findings;
    const [before] = judge(subject, { ...context, policy: builtInPolicy }).findings;
    expect(before?.headline).toContain('dot');
    for (const field of ['headline', 'detail', 'remedy'] as const) expect(finding?.[field]).not.toBe(before?.[field]);
  });

  it.each(samples)('the same is found, in the same order, and is the same to the ratchet: %s', (_title, example) => {
    const found = (policy: Policy) => {
      const { installation } = example;
      const context = { policy, facts: inMemoryFacts(example), installation, now: anInstant };
      const subject = prepared(serverOf(example, example.name));
      const printed = fingerprint({ object: subject.server, findings: judge(subject, context).findings }, digest);
      return printed.map(({ finding, ...print }) => ({ ...print, ...finding, headline: '', detail: '', remedy: '' }));
    };
    expect(found(judging(others, example))).toEqual(found(judging(builtInPolicy, example)));
  });

  it.each(samples)('check reports the same: %s', (_title, example) => {
    const reported = (policy: Policy) => {
      const factsIn = () => inMemoryFacts(example);
      const context = { policy, now: anInstant, crdRules, namespace: 'mcp', validate: 'strict' as const, factsIn };
      const { findings } = judgeManifest(serverOf(example, example.name), context);
      return findings.map((finding) => ({ ...finding, headline: '', detail: '', remedy: '' }));
    };
    expect(reported(judging(others, example))).toEqual(reported(judging(builtInPolicy, example)));
  });

  it.each(samples)('the webhook admits and refuses the same: %s', async (_title, example) => {
    const asked = await askWebhook(judging(others, example), example);
    expect(asked).toEqual(await askWebhook(judging(builtInPolicy, example), example));
  });

  const changes = samples.map(([, after], index) => {
    const [title, before] = samples[(index * 7 + 3) % samples.length] ?? (['itself', after] as const);
    return index % 2 === 0 ? (['itself', after, after] as const) : ([title, before, after] as const);
  });

  it.each(changes)('the webhook tolerates the same after a change from %s', async (_title, before, after) => {
    const old = serverOf(before);
    const asked = await askWebhook(judging(others, after), after, old);
    expect(asked).toEqual(await askWebhook(judging(builtInPolicy, after), after, old));
  });

  it.each(changes)('a release that says it so decides the same of a change from %s', (_title, before, after) => {
    const first = decideOn(judging(builtInPolicy, after), withGenerationOf(serverOf(before), 1), before, true);
    const said = first.policy === undefined ? {} : { extensions: { policy: first.policy } };
    const changed = anMCPServer(
      ...[withUid('5b1c'), withGeneration(2), withRawSpec(after.spec ?? {})],
      withStatus({ observedGeneration: 1, ...said }),
    );
    expect(decideOn(judging(others, after), changed, after, false).decision).toEqual(
      decideOn(judging(builtInPolicy, after), changed, after, false).decision,
    );
  });
});

function withGenerationOf(server: MCPServer, generation: number): MCPServer {
  return { ...server, metadata: { ...server.metadata, generation } };
}
