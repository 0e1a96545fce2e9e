import { shortenMiddle } from '../engine/text.ts';
import type { GatewayName } from '../mcpserver/gateway.ts';
import { isTakenByNone } from '../resources/public-url.ts';
import type { GatewayState } from '../resources/public-url.ts';

/** Longest host in a message, in characters. */
const maxSaid = 80;

/**
 * Why no controller of a Gateway may have said anything of a route, and what to do: a clause. Of the Gateway it says
 * that it exists, and no host of a listener: who reads this may be nobody who may read Gateways.
 * `host`: of the route.
 */
export function whyUnlooked(
  { namespace, name }: GatewayName,
  gateway: GatewayState | undefined,
  host: string | undefined,
): string {
  const named = `Gateway ${namespace}/${name}`;
  switch (gateway?.state) {
    case 'missing':
      return `${named} not found: have it made, or name another one`;
    case 'found': {
      const exists = `${named} exists: see whether a controller runs for its GatewayClass`;
      return host === undefined || !isTakenByNone(gateway.listeners, host)
        ? exists
        : `${exists}; no listener of it takes the host '${shortenMiddle(host, maxSaid)}': choose a route-hostname that one has`;
    }
    case 'unknown':
    case undefined:
      return `see whether ${named} exists, and whether a controller runs for its GatewayClass`;
  }
}
