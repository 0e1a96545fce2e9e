import { describe, expect, it } from '@jest/globals';
import { readPolicy } from '../core/policy/read-policy.ts';
import type { Policy } from '../core/engine/policy.ts';
import { rules } from '../core/rules/index.gen.ts';
import { parseAdmissionReview, type Answer } from './admission-review.ts';
import { aboutReplicas, createScale } from './scale.ts';
import type { SkipReason } from './scope.ts';
import { aReview, type ReviewOptions } from './testing/review.ts';

const context = { remainingMs: () => 1000, signal: () => new AbortController().signal };

function policyOf(document: object): Policy {
  const read = readPolicy({ apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy', ...document }, rules);
  if (read.type !== 'usable') throw new Error(JSON.stringify(read.problems));
  return read.policy;
}

const atMostFive = { 'max-replicas': { parameters: { max: 5 } } };

const scaleOf = (replicas: number | undefined): object => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name: 'search', namespace: 'mcp' },
  spec: replicas === undefined ? {} : { replicas },
});

async function ask(
  review: ReviewOptions,
  policy: Policy = policyOf({ rules: atMostFive }),
): Promise<{ readonly answer: Answer; readonly skipped: readonly SkipReason[] }> {
  const skipped: SkipReason[] = [];
  const parsed = parseAdmissionReview(JSON.parse(JSON.stringify(aReview(review))));
  if (!parsed.ok) throw new Error(parsed.problem);
  const handler = createScale({
    policy: aboutReplicas(policy),
    gatherFacts: () => {
      throw new Error('looked something up');
    },
    now: () => '2026-11-29T12:00:00Z',
    onSkipped: (reason) => skipped.push(reason),
  });
  return { answer: await handler(parsed.request, context), skipped };
}

const scaling = { operation: 'UPDATE', kind: 'Scale', group: 'autoscaling', subResource: 'scale' } as const;

async function scale(from: number | undefined, to: number | undefined, policy?: Policy): Promise<Answer> {
  const { answer, skipped } = await ask({ ...scaling, oldObject: scaleOf(from), object: scaleOf(to) }, policy);
  expect(skipped).toEqual([]);
  return answer;
}

describe('scaling', () => {
  it('is refused beyond what the policy allows, in the words of the MCPServer', async () => {
    const answer = await scale(1, 6);
    expect(answer).toMatchObject({
      decision: 'denied',
      of: { group: 'mcp.x-k8s.io', kind: 'MCPServer', name: 'search' },
      ruleIds: ['max-replicas'],
      causes: [{ field: 'spec.runtime.replicas', message: expect.stringContaining('Use at most 5') }],
    });
  });

  it.each<[number | undefined, number | undefined]>([
    [1, 5],
    [6, 5],
    [undefined, 1],
    [9, undefined],
  ])('from %p to %p is within what it allows', async (from, to) => {
    expect((await scale(from, to)).decision).toBe('allowed');
  });

  it('may leave too many as they are, and go nowhere else from there but down', async () => {
    expect(await scale(9, 9)).toMatchObject({ decision: 'allowed', warnings: [expect.stringContaining('(not new)')] });
    expect((await scale(9, 10)).decision).toBe('denied');
    expect((await scale(9, 8)).decision).toBe('denied');
  });

  it('is judged as the policy has it for the namespace, and for the server', async () => {
    const override = { namespaces: ['m*'], rules: { 'max-replicas': { parameters: { max: 7 } } } };
    const elsewhere = policyOf({ rules: atMostFive, overrides: [override] });
    expect((await scale(1, 7, elsewhere)).decision).toBe('allowed');
    expect((await scale(1, 8, elsewhere)).decision).toBe('denied');
    const excused = policyOf({
      rules: atMostFive,
      exemptions: [
        { rule: 'max-replicas', namespace: 'mcp', name: 'search', reason: 'x', owner: 'x', expires: '2030-01-01' },
      ],
    });
    expect((await scale(1, 8, excused)).decision).toBe('allowed');
  });

  it('warns where the policy only warns, and says nothing where it does not ask', async () => {
    const warning = policyOf({ rules: { 'max-replicas': { action: 'warn', parameters: { max: 5 } } } });
    expect(await scale(1, 6, warning)).toMatchObject({
      decision: 'allowed',
      warnings: [expect.stringContaining('[max-replicas]')],
    });
    expect(await scale(1, 6, policyOf({}))).toMatchObject({ decision: 'allowed', warnings: [] });
  });

  it('is asked of no rule that needs to know more of the server', async () => {
    const all = policyOf({ rules: { 'replicas-stateful': {}, 'image-digest': {}, 'network-egress-limited': {} } });
    expect(await scale(1, 6, all)).toMatchObject({ decision: 'allowed', warnings: [] });
  });

  it.each<[string, ReviewOptions]>([
    ['an MCPServer', { operation: 'UPDATE', object: {} }],
    ['a Scale elsewhere', { ...scaling, subResource: 'status', object: scaleOf(9) }],
    ['a deletion', { ...scaling, operation: 'DELETE' }],
  ])('is not %s, which is let through and counted', async (_, review) => {
    expect(await ask(review)).toEqual({ answer: { decision: 'allowed' }, skipped: ['kind'] });
  });
});
