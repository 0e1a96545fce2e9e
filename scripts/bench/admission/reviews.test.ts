import { describe, expect, it } from '@jest/globals';
import type { Answer } from '../../../webhooks/admission/admission-review.ts';
import { parseReview } from '../../../webhooks/admission/parse-review.ts';
import { createValidate } from '../../../webhooks/admission/validate.ts';
import { builtInPolicy } from '../../../webhooks/core/rules/built-in-policy.ts';
import { facts } from './facts.ts';
import { largePolicy } from './policy.ts';
import { sampleReviews } from './reviews.ts';

const options = {
  gatherFacts: () => Promise.resolve(facts),
  now: () => '2026-11-29T12:00:00Z',
  onSkipped: () => undefined,
};
const withoutPolicy = createValidate({ ...options, policy: builtInPolicy });
const withPolicy = createValidate({ ...options, policy: largePolicy() });
const context = { remainingMs: () => 1_000, signal: () => new AbortController().signal };

async function answerTo(body: Buffer, validate = withoutPolicy): Promise<Answer> {
  const read = parseReview(body);
  if (!read.ok) throw new Error('the bench sends reviews');
  return validate(read.request, context);
}

function verdictOf({ decision, warnings = [] }: Answer): string {
  if (decision === 'denied') return 'refused';
  return warnings.length === 0 ? decision : 'warned';
}

describe('the reviews that admission is measured with', () => {
  it('are many, each with a name of its own and at least 4 KiB', () => {
    expect(new Set(sampleReviews.map(({ name }) => name)).size).toBeGreaterThanOrEqual(20);
    expect(new Set(sampleReviews.map(({ name }) => name)).size).toBe(sampleReviews.length);
    expect(sampleReviews.filter(({ body }) => body.length < 4096).map(({ name }) => name)).toEqual([]);
  });

  it.each(sampleReviews)('get the verdict that they are there for: $name', async ({ verdict, body }) => {
    const answer = await answerTo(body);
    expect({ verdict: verdictOf(answer), answer }).toMatchObject({ verdict });
  });

  it.each(sampleReviews)('get the same verdict by a policy of many overrides: $name', async ({ verdict, body }) => {
    const answer = await answerTo(body, withPolicy);
    expect({ verdict: verdictOf(answer), answer }).toMatchObject({ verdict });
  });

  it('feel the policy: the one with warnings about its image gets other ones', async () => {
    const body = sampleReviews.find(({ name }) => name.startsWith('warnings about an image'))?.body ?? Buffer.of();
    const [without, by] = [await answerTo(body), await answerTo(body, withPolicy)];
    expect(without.warnings?.join('\n')).toContain('[image-tag-pinned]');
    expect(by.warnings?.join('\n')).toContain('(policy: overrides[49] tools) [image-registry]');
    expect(by.auditAnnotations).toMatchObject({ audited: 'image-registry-named,image-tag-pinned' });
  });

  it('are of every verdict', () => {
    expect(new Set(sampleReviews.map(({ verdict }) => verdict))).toEqual(new Set(['allowed', 'warned', 'refused']));
  });
});
