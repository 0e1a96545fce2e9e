import { canonicalJson } from './canonical-json.ts';
import type { Digest } from './ratchet.ts';
import type { Rule } from './rule.ts';

/**
 * Tells whether two verdicts came from the same rules. The version of the program counts: a rule can become stricter, or
 * say the same in other words, under its old id.
 */
export function digestPolicy(rules: readonly Pick<Rule, 'id' | 'severity'>[], version: string, digest: Digest): string {
  return digest(
    canonicalJson({ version, severities: Object.fromEntries(rules.map(({ id, severity }) => [id, severity])) }),
  );
}
