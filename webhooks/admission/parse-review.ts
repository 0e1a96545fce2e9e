import type { GuardVerdict } from '../platform/json-guard.ts';
import { parseAdmissionReview, type AdmissionRequest } from './admission-review.ts';
import { guardBody } from './body-guard.ts';
import { withoutManagedFields } from '../platform/kube/managed-fields.ts';
import type { BodyRefusal } from './metrics.ts';
import { bodyRefusals, type Refusal } from './refusal.ts';

export interface RefusedReview {
  readonly ok: false;
  readonly why: BodyRefusal;
  readonly refusal: Refusal;
}

export type ParsedReview = { readonly ok: true; readonly request: AdmissionRequest } | RefusedReview;

const guardRefusals = { 'too many values': 'values', 'too deep': 'depth' } as const satisfies Record<
  Exclude<GuardVerdict, 'fine'>,
  BodyRefusal
>;

/** From the bytes of a body to an admission request: guard, JSON, AdmissionReview, each with its own refusal. */
export function parseReview(body: Buffer): ParsedReview {
  const verdict = guardBody(body);
  if (verdict !== 'fine') return refused(guardRefusals[verdict]);
  const parsed = parseJson(body);
  if (!parsed.ok) return refused('json');
  const review = parseAdmissionReview(parsed.value);
  if (review.ok) return review;
  return { ok: false, why: 'review', refusal: { ...bodyRefusals.review, message: review.problem } };
}

/** Characters of a text that there is room for a second time, without what is left out of it. */
const longestCut = 256 * 1024;

/** JSON.parse makes `__proto__` an ordinary field, and nothing of ours copies fields by assignment. */
function parseJson(body: Buffer): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  try {
    const text = body.toString('utf8');
    return { ok: true, value: JSON.parse(text.length <= longestCut ? withoutManagedFields(text) : text) };
  } catch {
    // The engine's message quotes the body, which may hold what nobody should read in a log.
    return { ok: false };
  }
}

function refused(why: BodyRefusal): ParsedReview {
  return { ok: false, why, refusal: bodyRefusals[why] };
}
