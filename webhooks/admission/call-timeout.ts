/** When the caller says nothing, in milliseconds; the chart's timeoutSeconds. */
const defaultTimeoutMs = 5_000;

/** Longest that Kubernetes allows a webhook. */
const maxTimeoutMs = 30_000;

/** Part of the caller's patience that we use; the rest is for the way back. */
const usableShare = 0.9;

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/**
 * How long an answer may take, in milliseconds, by the query that API servers append (`?timeout=5s`). Beyond it the
 * API server has given up and the failure policy has decided, so any answer in time is better than a complete one late.
 */
export function usableTimeoutMs(url: string): number {
  if (url !== last.url) last = { url, timeoutMs: readTimeoutMs(url) };
  return last.timeoutMs;
}

/** Nearly every call has the same query as the one before. */
let last = { url: '', timeoutMs: defaultTimeoutMs * usableShare };

function readTimeoutMs(url: string): number {
  const [, amount, unit = ''] = /[?&]timeout=(\d{1,6}(?:\.\d{1,6})?)(ms|s|m)(?:&|$)/.exec(url) ?? [];
  const asked = amount === undefined ? 0 : Number(amount) * (units[unit] ?? 0);
  return Math.max(1, Math.min(asked === 0 ? defaultTimeoutMs : asked, maxTimeoutMs) * usableShare);
}
