import type { Rule } from '../engine/rule.ts';
import type { Quantity } from '../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { toNano } from './quantity.ts';

type Quantities = Readonly<Record<string, Quantity>>;

const root: FieldPath = ['spec', 'runtime', 'resources'];

export const requestsWithinLimits: Rule = {
  id: 'requests-within-limits',
  severity: 'deny',
  summary: 'Every resource request must be at most its limit, and no quantity may be negative.',
  rationale:
    'Kubernetes refuses a pod that asks for more than it may use. The resources go into the Deployment as they are, so ' +
    'without this rule the server would be stored and never run.',
  remedy: 'Lower the request, or raise the limit of the same resource.',
  examples: {
    accepts: [
      { title: 'a server that says nothing about resources' },
      {
        title: 'a request that equals its limit in another notation',
        spec: { runtime: { resources: { requests: { cpu: '1000m' }, limits: { cpu: 1 } } } },
      },
      { title: 'a request without a limit', spec: { runtime: { resources: { requests: { memory: '1Gi' } } } } },
    ],
    rejects: [
      {
        title: 'a request above its limit',
        spec: { runtime: { resources: { requests: { memory: '1Gi' }, limits: { memory: '1G' } } } },
      },
      { title: 'a negative limit', spec: { runtime: { resources: { limits: { cpu: '-500m' } } } } },
      { title: 'a fractional exponent', spec: { runtime: { resources: { requests: { cpu: '1e1.5' } } } } },
    ],
  },
  check({ server }) {
    const { limits = {}, requests = {} } = server.spec.runtime?.resources ?? {};
    return [
      ...checkQuantities(limits, 'limits'),
      ...checkQuantities(requests, 'requests'),
      ...checkRequests(requests, limits),
    ];
  },
};

function checkQuantities(quantities: Quantities, list: string): readonly Violation[] {
  return Object.entries(quantities).flatMap(([resource, quantity]) => {
    const at = { path: [...root, list, resource], detail: `found ${quantity}` };
    const nano = toNano(quantity);
    if (nano === undefined) {
      return [
        { ...at, headline: 'the quantity cannot be read', remedy: 'Write a number with a suffix, such as 64Mi.' },
      ];
    }
    return nano < 0n ? [{ ...at, headline: 'the quantity is negative', remedy: 'Use zero or more.' }] : [];
  });
}

function checkRequests(requests: Quantities, limits: Quantities): readonly Violation[] {
  const limitOf = new Map(Object.entries(limits));
  return Object.entries(requests).flatMap(([resource, request]) => {
    const limit = limitOf.get(resource);
    if (limit === undefined || !isAbove(request, limit)) return [];
    return [
      {
        path: [...root, 'requests', resource],
        headline: 'the request is above the limit',
        detail: `found a request of ${request} with a limit of ${limit}`,
      },
    ];
  });
}

/** Only of what can be compared: a quantity that is wrong by itself has its own violation. */
function isAbove(request: Quantity, limit: Quantity): boolean {
  const [asked, allowed] = [toNano(request), toNano(limit)];
  return asked !== undefined && allowed !== undefined && allowed >= 0n && asked > allowed;
}
