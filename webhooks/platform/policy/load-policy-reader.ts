import type { PolicyReading } from './followed-policy.ts';

/** What reads a policy. Loaded when it is asked for: who has no policy pays no memory for it. */
export async function loadPolicyReader(): Promise<(text: string) => PolicyReading> {
  const [{ parsePolicyText }, { readPolicyValue }] = await Promise.all([
    import('./parse-policy-text.ts'),
    import('./read-policy-value.ts'),
  ]);
  return (text) => {
    const parsed = parsePolicyText(text);
    return parsed.ok ? readPolicyValue(parsed.value) : parsed;
  };
}
