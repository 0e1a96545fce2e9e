import type { ProbeResult } from '../probe.ts';

/** Longest verdict, as JSON, in characters: instructions have 2,000, a message some hundred, and the memory repeats them. */
const maxVerdictLength = 40_000;

const states: ReadonlySet<string> = new Set<ProbeResult['state']>(['verified', 'auth-required', 'throttled', 'failed']);

/** What is wrong with a verdict, whatever was answered; undefined when nothing is. */
export function wrongWith({ memory, ...verdict }: ProbeResult): string | undefined {
  if (!states.has(verdict.state)) return `the state ${verdict.state}`;
  const json = JSON.stringify({ verdict, memory });
  if (json.length > maxVerdictLength) return `${json.length} characters`;
  const text = textsOf(verdict).join('\n');
  if (!text.isWellFormed()) return 'half a character';
  const odd = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/u.exec(text);
  return odd === null ? undefined : `the character U+${odd[0].codePointAt(0)?.toString(16) ?? ''}`;
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
