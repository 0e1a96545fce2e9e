import type { MCPServer } from '../mcpserver/types.gen.ts';

/** How long a container may run without having been ready before status says so, whatever its probe, in seconds. */
const minSeconds = 60;
/** A probe may allow centuries. Whoever looks after a day wants to know why, in seconds. */
const maxSeconds = 86_400;

/**
 * How long a container may run without having been ready before status says so, in seconds: what its readiness probe
 * allows at most until it counts as failed, within a minute and a day. `server` with every default applied.
 */
export function readyWithinSeconds(server: MCPServer): number {
  const {
    initialDelaySeconds = 0,
    periodSeconds = 10,
    failureThreshold = 3,
  } = server.spec.runtime?.health?.readinessProbe ?? {};
  return Math.min(Math.max(minSeconds, initialDelaySeconds + periodSeconds * failureThreshold), maxSeconds);
}
