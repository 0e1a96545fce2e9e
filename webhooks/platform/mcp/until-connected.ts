/** What one attempt may take: until somebody takes the connection, and for all of it. In milliseconds. */
export interface AttemptLimits {
  readonly connectMs: number;
  readonly timeoutMs: number;
}

/**
 * How long each of the first connections may take, in milliseconds, and how many there are: inside of a cluster a
 * connection takes one or two, and kube-proxy leaves up to a second between two changes of its rules.
 */
const quick = { connectMs: 250, attempts: 6 };

/**
 * Tries until an attempt gets its connection: some quick ones, and a last one that has all the time that is left. What
 * is sent to a Service that is just being programmed may be lost without an answer (the kernel limits its refusals to
 * one a second), and is sent again by the kernel after a second; a new connection need not wait for that.
 */
export async function untilConnected<T>(
  timeoutMs: number,
  attempt: (limits: AttemptLimits) => Promise<T | 'not-connected'>,
): Promise<T | 'not-connected'> {
  const endsAt = performance.now() + timeoutMs;
  const left = (): number => Math.max(1, endsAt - performance.now());
  for (let attempts = 0; attempts < quick.attempts; attempts += 1) {
    const result = await attempt({ connectMs: quick.connectMs, timeoutMs: left() });
    if (result !== 'not-connected') return result;
  }
  return attempt({ connectMs: left(), timeoutMs: left() });
}
