import { describe, expect, it } from '@jest/globals';
import type { Answer } from '../../../webhooks/admission/admission-review.ts';
import { parseReview } from '../../../webhooks/admission/parse-review.ts';
import { createValidate } from '../../../webhooks/admission/validate.ts';
import { builtInPolicy } from '../../../webhooks/core/rules/built-in-policy.ts';
import { facts } from './facts.ts';
import { sampleReviews } from './reviews.ts';

const validate = createValidate({
  policy: builtInPolicy,
  gatherFacts: () => Promise.resolve(facts),
  now: () => '2026-11-29T12:00:00Z',
  onSkipped: () => undefined,
});
const context = { remainingMs: () => 1_000, signal: () => new AbortController().signal };

async function answerTo(body: Buffer): Promise<Answer> {
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

  it('are of every verdict', () => {
    expect(new Set(sampleReviews.map(({ verdict }) => verdict))).toEqual(new Set(['allowed', 'warned', 'refused']));
  });
});
