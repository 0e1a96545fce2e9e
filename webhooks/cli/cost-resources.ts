import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { most, resourcesIn } from './cost-read.ts';
import type { Amounts, Resources, ServerCost } from './cost-suggestion.ts';

/**
 * What a server requests and may have at most: what its spec says wins, as while a roll-out is stuck old pods have what it said before.
 * Pods fill in the rest.
 */
export function resourcesOf(
  server: MCPServer,
  pods: readonly Resources[],
): Pick<ServerCost, 'requests' | 'limits' | 'total' | 'kept'> {
  const said = server.spec.runtime?.resources;
  const spec = resourcesIn(said);
  const requests = pods.map((pod) => pod.requests);
  return {
    // What is limited and requests nothing requests its limit.
    requests: { ...requests.reduce(most, {}), ...spec.limits, ...spec.requests },
    limits: { ...pods.map(({ limits }) => limits).reduce(least, {}), ...spec.limits },
    total: requests.reduce(plus, {}),
    ...(said === undefined ? keptOf(pods) : { kept: { requests: {}, limits: {} } }),
  };
}

function keptOf([first, ...others]: readonly Resources[]): Pick<ServerCost, 'kept'> {
  const isAlike = (a: Amounts, b: Amounts): boolean => a.cpu === b.cpu && a.memory === b.memory;
  if (first === undefined) return {};
  const isOne = others.every(
    ({ requests, limits }) => isAlike(requests, first.requests) && isAlike(limits, first.limits),
  );
  return isOne ? { kept: first } : {};
}

function least(a: Amounts, b: Amounts): Amounts {
  return merge(a, b, Math.min);
}

function plus(a: Amounts, b: Amounts): Amounts {
  return merge(a, b, (one, other) => one + other);
}

function merge(a: Amounts, b: Amounts, both: (one: number, other: number) => number): Amounts {
  const of = (what: keyof Amounts): Amounts => {
    const [one, other] = [a[what], b[what]];
    return one === undefined || other === undefined ? {} : { [what]: both(one, other) };
  };
  return { ...a, ...b, ...of('cpu'), ...of('memory') };
}
