import { canonicalJson } from './canonical-json.ts';
import type { Policy } from './policy.ts';
import type { Digest } from './ratchet.ts';

/**
 * Tells whether two verdicts came from the same policy. The version of the program counts: a rule can become stricter
 * under its old id. `now` as for {@link Policy.severityOf}.
 */
export function digestPolicy(
  { rules, severityOf }: Policy,
  { version, now }: { readonly version: string; readonly now: string },
  digest: Digest,
): string {
  const severities = Object.fromEntries(rules.map((rule) => [rule.id, severityOf(rule, now)]));
  return digest(canonicalJson({ version, severities }));
}
