import { canonicalJson } from './canonical-json.ts';
import type { Moment, Policy } from './policy.ts';
import type { Digest } from './ratchet.ts';

/**
 * Tells whether two verdicts came from the same policy. The version of the program counts: a rule can become stricter
 * under its old id. `at` as for {@link Policy.severityOf}.
 */
export function digestPolicy(
  { rules, severityOf }: Policy,
  at: Moment & { readonly version: string },
  digest: Digest,
): string {
  const severities = Object.fromEntries(rules.map((rule) => [rule.id, severityOf(rule, at)]));
  return digest(canonicalJson({ version: at.version, severities }));
}
