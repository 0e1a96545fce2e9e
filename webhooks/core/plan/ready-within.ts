import { stdioOf } from '../mcpserver/stdio.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';

/** How long a container may run without having been ready before status says so, whatever its probe, in seconds. */
const minSeconds = 60;
/** A probe may allow centuries. Whoever looks after a day wants to know why, in seconds. */
const maxSeconds = 86_400;

/** Two questions of a probe of the usual period: how long a container may run before it is said what its probe finds, in seconds. */
const looksAfterSeconds = 20;

/**
 * How long a container may run, in seconds, until it is said beside the waiting what its readiness probe does not find; that
 * it fails is said later ({@link readyWithinSeconds}), for it may only be slow. `server` with every default applied.
 */
export function hintAfterSeconds(server: MCPServer): number {
  const { initialDelaySeconds = 0 } = server.spec.runtime?.health?.readinessProbe ?? {};
  const looksAt = startsWithinSeconds(server) + initialDelaySeconds + looksAfterSeconds;
  return Math.min(looksAt, readyWithinSeconds(server));
}

/**
 * How long a container may run without having been ready before status says so, in seconds: what its startup probe allows
 * it, and after that its readiness probe at most until it counts as failed, within a minute and a day. `server` with every
 * default applied.
 */
export function readyWithinSeconds(server: MCPServer): number {
  const {
    initialDelaySeconds = 0,
    periodSeconds = 10,
    failureThreshold = 3,
  } = server.spec.runtime?.health?.readinessProbe ?? {};
  const seconds = startsWithinSeconds(server) + initialDelaySeconds + periodSeconds * failureThreshold;
  return Math.min(Math.max(minSeconds, seconds), maxSeconds);
}

/**
 * How long a container may take to start: until then no other probe is made. Zero without a startup probe, but for what a
 * program for stdio has for its first answer, without which no bridge is ready.
 */
function startsWithinSeconds(server: MCPServer): number {
  const answersWithin = stdioOf(server)?.startSeconds ?? 0;
  const { startupProbe } = server.spec.extensions ?? {};
  if (startupProbe === undefined) return answersWithin;
  const { initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 } = startupProbe;
  return answersWithin + initialDelaySeconds + periodSeconds * failureThreshold;
}
