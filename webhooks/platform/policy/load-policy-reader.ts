import type { Policy } from '../../core/engine/policy.ts';
import type { CompatibilityProfile } from '../../core/mcpserver/compatibility.ts';
import { builtInPolicy } from '../../core/rules/built-in-policy.ts';
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

/** What judges where there is no policy; loads nothing where it is what rules say of themselves. */
export async function loadBuiltIn(profile: CompatibilityProfile): Promise<Policy> {
  return profile === 'default' ? builtInPolicy : (await import('./read-policy-value.ts')).builtInUnder(profile);
}
