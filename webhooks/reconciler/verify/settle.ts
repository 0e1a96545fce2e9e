import { canonicalJson } from '../../core/engine/canonical-json.ts';
import type { Verification } from '../../core/plan/observed.ts';
import { worseTools } from '../../core/plan/tool-demands.ts';
import type { ToolDemands } from '../../core/plan/tool-demands.ts';
import { digest } from '../../platform/digest.ts';
import type { ProbeResult } from '../../platform/mcp/probe.ts';

/** What is believed about one endpoint. Whoever shows it writes it down, so it changes only for a reason. */
export interface Standing {
  readonly result: Verification;
  /** When details changed last while the state stayed, in milliseconds since 1970; absent: not yet. */
  readonly changedAtMs?: number;
  /** Another answer, seen once, as a digest: believed when it is seen again. */
  readonly candidate?: string;
}

/** Between two changes of details of one server, in milliseconds. */
export const minBetweenChangesMs = 600_000;

/**
 * What is believed after one more answer. That a server answers, or fails, counts at once. Other details (a version, a
 * count, the words of an error, whether it wants credentials) count when they are answered twice in a row, and not within ten
 * minutes of the last such change: a server that answers differently each time must not cost a write each time. More
 * failures than before count, with their words, at once: their number grows in steps that double. So do tools that are not as
 * they have to be any more; that they are again waits its ten minutes, so that turning to and fro costs no more.
 */
export function settle(standing: Standing, answer: ProbeResult, { nowMs, tools }: SettleContext): Standing {
  const { result, changedAtMs } = standing;
  if (result.state !== answer.state && !(isUp(result) && isUp(answer))) return { result: answer };
  const text = comparable(answer);
  const kept: Standing = { result, ...(changedAtMs === undefined ? {} : { changedAtMs }) };
  if (text === comparable(result)) return kept;
  const worse = worseOf(result, answer, tools);
  if (failuresOf(answer) > failuresOf(result) || worse === 'certain') return { result: answer, changedAtMs: nowMs };
  if (worse === undefined && isSoonAfter(changedAtMs, nowMs)) return kept;
  const candidate = digest(text);
  return standing.candidate === candidate ? { result: answer, changedAtMs: nowMs } : { ...kept, candidate };
}

function isSoonAfter(changedAtMs: number | undefined, nowMs: number): boolean {
  return changedAtMs !== undefined && nowMs - changedAtMs < minBetweenChangesMs;
}

/** When it is, and what the tools have to be. */
export interface SettleContext {
  readonly nowMs: number;
  readonly tools?: ToolDemands | undefined;
}

function worseOf(
  before: Verification,
  after: ProbeResult,
  tools: ToolDemands | undefined,
): ReturnType<typeof worseTools> {
  return tools !== undefined && isUp(before) && isUp(after) ? worseTools(tools, before, after) : undefined;
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
export function isUp(answer: Verification): answer is Extract<Verification, { readonly state: UpState }> {
  return answer.state === 'verified' || answer.state === 'auth-required';
}

type UpState = 'verified' | 'auth-required';

function failuresOf(verification: Verification): number {
  return verification.state === 'failed' ? (verification.failures ?? 0) : 0;
}
