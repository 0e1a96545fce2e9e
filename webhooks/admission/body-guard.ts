import { guardJson } from '../platform/json-guard.ts';
import type { GuardVerdict } from '../platform/json-guard.ts';

/**
 * Most structure tokens that a body may have: 7 MiB of `[],[],` would need several hundred MiB of heap and end the
 * process. An honest MCPServer has a few hundred. An update of 1,000 variables that each name a Secret, with what
 * managedFields say about them, has 50,000; judging this many takes a tenth or two of a second.
 */
export const maxTokens = 100_000;

/** Deepest nesting. An MCPServer reaches about 15; what walks it recursively stays far from the end of the stack. */
export const maxDepth = 128;

const limits = { maxTokens, maxDepth };

/**
 * A body of no more bytes than {@link maxTokens} passes unread, which is nearly every one: it cannot have more values,
 * and its depth harms nobody. JSON.parse does not recurse, nothing of ours walks what the schema does not know, and what
 * is compared with an old object is measured before. Reading those too was 7 % of what an admission costs.
 */
export function guardBody(bytes: Uint8Array): GuardVerdict {
  return bytes.length <= maxTokens ? 'fine' : guardJson(bytes, limits);
}
