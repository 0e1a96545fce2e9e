import type { Rule } from '../engine/rule.ts';
import { eachEntry, none } from '../engine/violations.ts';
import { pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { Quantity } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { compareQuantities, isUsualWithin, toNano } from './parts/quantity.ts';
import { canOvercommit } from './parts/resource-name.ts';

const root = placeOf('spec', 'runtime', 'resources', 'requests');

export const requestsWithinLimits: Rule = {
  id: 'requests-within-limits',
  severity: 'deny',
  summary: 'Every resource request must be at most its limit; of devices and huge pages it must equal the limit.',
  rationale:
    'Kubernetes refuses a pod that asks for more than it may use, and one that could be promised a device or a huge page ' +
    'that somebody else has too. The resources go into the Deployment as they are, so without this rule the server would ' +
    'be stored and never run.',
  remedy: 'Lower the request, or raise the limit of the same resource.',
  examples: {
    accepts: [
      { title: 'a server that says nothing about resources' },
      {
        title: 'a request that equals its limit in another notation',
        spec: { runtime: { resources: { requests: { cpu: '1000m' }, limits: { cpu: 1 } } } },
      },
      { title: 'a request without a limit', spec: { runtime: { resources: { requests: { memory: '1Gi' } } } } },
      {
        title: 'a device limit without a request',
        spec: { runtime: { resources: { limits: { 'nvidia.com/gpu': 1 } } } },
      },
    ],
    rejects: [
      {
        title: 'a request above its limit',
        spec: { runtime: { resources: { requests: { memory: '1Gi' }, limits: { memory: '1G' } } } },
      },
      {
        title: 'fewer devices asked for than allowed',
        spec: { runtime: { resources: { requests: { 'nvidia.com/gpu': 1 }, limits: { 'nvidia.com/gpu': 2 } } } },
      },
      { title: 'a device without a limit', spec: { runtime: { resources: { requests: { 'nvidia.com/gpu': 1 } } } } },
    ],
  },
  check({ server }) {
    const { limits = {}, requests } = server.spec.runtime?.resources ?? {};
    const limitOf = (resource: string): Quantity | undefined =>
      Object.hasOwn(limits, resource) ? limits[resource] : undefined;
    return eachEntry(
      requests,
      root,
      (resource, request, place) => {
        const limit = limitOf(resource);
        return canOvercommit(resource) ? checkAtMost(request, limit, place) : checkEqual(request, limit, place);
      },
      (resource, request) => canOvercommit(resource) && isUsualWithin(request, limitOf(resource) ?? 0),
    );
  },
};

function checkAtMost(request: Quantity, limit: Quantity | undefined, place: Place): readonly Violation[] {
  if (limit === undefined || compare(request, limit) <= 0) return none;
  return [
    {
      path: pathTo(place),
      headline: 'the request is above the limit',
      detail: `found a request of ${request} with a limit of ${limit}`,
      cause: [limit],
    },
  ];
}

function checkEqual(request: Quantity, limit: Quantity | undefined, place: Place): readonly Violation[] {
  if (limit !== undefined && compare(request, limit) === 0) return none;
  return [
    {
      path: pathTo(place),
      headline: 'the request of a device or huge page is not its limit',
      detail: `found a request of ${request} with ${limit === undefined ? 'no limit' : `a limit of ${limit}`}`,
      remedy: 'Set the limit to the same amount, or remove the request.',
      ...(limit === undefined ? {} : { cause: [limit] }),
    },
  ];
}

/** Zero for what cannot be compared: a wrong quantity has its own violation elsewhere. */
function compare(request: Quantity, limit: Quantity): number {
  return isNegative(limit) ? 0 : compareQuantities(request, limit);
}

function isNegative(quantity: Quantity): boolean {
  return String(quantity).startsWith('-') && (toNano(quantity) ?? 0n) < 0n;
}
