import { canonicalJson } from '../../core/engine/canonical-json.ts';
import type { Verification } from '../../core/plan/observed.ts';
import type { ProbeResult } from '../../platform/mcp/probe.ts';

/** What is believed about one endpoint. Whoever shows it writes it down, so it changes only for a reason. */
export interface Standing {
  readonly result: Verification;
  /** When details changed last while the state stayed, in milliseconds since 1970; absent: not yet. */
  readonly changedAtMs?: number;
  /** Another answer, seen once: believed when it is seen again. */
  readonly candidate?: string;
}

/** Between two changes of details of one server, in milliseconds. */
export const minBetweenChangesMs = 600_000;

/**
 * What is believed after one more answer. That a server answers, or fails, counts at once. Other details (a version, a
 * count, the words of an error, whether it wants credentials) count when they are answered twice in a row, and not within ten
 * minutes of the last such change: a server that answers differently each time must not cost a write each time. More
 * failures than before count, with their words, at once: their number grows in steps that double.
 */
export function settle(standing: Standing, answer: ProbeResult, nowMs: number): Standing {
  const { result, changedAtMs } = standing;
  if (result.state !== answer.state && !(isUp(result) && isUp(answer))) return { result: answer };
  const text = comparable(answer);
  const kept: Standing = { result, ...(changedAtMs === undefined ? {} : { changedAtMs }) };
  if (text === comparable(result)) return kept;
  if (failuresOf(answer) > failuresOf(result)) return { result: answer, changedAtMs: nowMs };
  if (changedAtMs !== undefined && nowMs - changedAtMs < minBetweenChangesMs) return kept;
  return standing.candidate === text ? { result: answer, changedAtMs: nowMs } : { ...kept, candidate: text };
}

/**
 * What of an answer is a detail that may change. The words of a refusal often differ each time (they name the request), so
 * other words are no news; that there are some is.
 */
function comparable(verification: Verification): string {
  if (verification.state !== 'auth-required') return canonicalJson(verification);
  const { statusCode, said } = verification;
  return canonicalJson({ statusCode, hasWords: said !== undefined });
}

/** It answers as an MCP server does, or would to somebody with credentials. */
export function isUp({ state }: Verification): boolean {
  return state === 'verified' || state === 'auth-required';
}

function failuresOf(verification: Verification): number {
  return verification.state === 'failed' ? (verification.failures ?? 0) : 0;
}
