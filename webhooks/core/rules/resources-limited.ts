import { shortenEnd } from '../engine/text.ts';
import { defineRule, type Rule } from '../engine/rule.ts';
import { eachEntry, join, none } from '../engine/violations.ts';
import { inside, pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { Quantity } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { isUsualWithin, toNano } from './parts/quantity.ts';
import { canOvercommit } from './parts/resource-name.ts';

const parameters = { max: { cpu: '2', memory: '4Gi', 'nvidia.com/gpu': '1' } };

export const resourcesLimited: Rule = defineRule({
  id: 'resources-limited',
  severity: 'deny',
  isOptIn: true,
  summary: 'A server must have limits of the resources that the policy names, and none above what it allows.',
  rationale:
    'Without a limit of memory one server can take a node down with everything on it, and a limit as large as the node is ' +
    'none. Servers that say nothing about resources get limits by default; those that say something have said everything, ' +
    'and may have left them out; a limit of zero is none to Kubernetes, either. A resource that nobody has unless he asks for it (a device, huge pages) needs no limit, and ' +
    'must not have more of it than the policy allows; what the policy does not name may be forbidden altogether. Requests ' +
    'are never above limits, so they are limited as well.',
  remedy: 'Set the limit in spec.runtime.resources.limits.',
  parameters: {
    max: {
      type: 'map',
      values: 'quantity',
      default: { cpu: '2', memory: '4Gi' },
      help: 'Resources, each with the highest limit that a container may have: `memory: 4Gi`.',
    },
    others: {
      type: 'boolean',
      default: true,
      help: 'Whether a container may have resources that `max` does not name.',
    },
  },
  examples: {
    accepts: [
      { title: 'the default resources', parameters },
      {
        title: 'the most that is allowed, in another notation',
        spec: withLimits({ cpu: '2000m', memory: '4096Mi' }),
        parameters,
      },
      {
        title: 'a device that the policy allows',
        spec: withLimits({ cpu: 1, memory: '1Gi', 'nvidia.com/gpu': 1 }),
        parameters,
      },
      {
        title: 'a resource that the policy does not name',
        spec: withLimits({ cpu: 1, memory: '1Gi', 'ephemeral-storage': '1Gi' }),
        parameters,
      },
    ],
    rejects: [
      { title: 'more memory than is allowed', spec: withLimits({ cpu: 1, memory: '5Gi' }), parameters },
      { title: 'no limit of memory', spec: withLimits({ cpu: 1 }), parameters },
      { title: 'a limit of zero, which is none', spec: withLimits({ cpu: 1, memory: '0' }), parameters },
      { title: 'a limit below zero', spec: withLimits({ cpu: '-1', memory: '1Gi' }), parameters },
      {
        title: 'requests without limits',
        spec: { runtime: { resources: { requests: { cpu: '100m', memory: '64Mi' } } } },
        parameters,
      },
      {
        title: 'more devices than are allowed',
        spec: withLimits({ cpu: 1, memory: '1Gi', 'nvidia.com/gpu': 2 }),
        parameters,
      },
      {
        title: 'a resource that the policy does not name, where it forbids others',
        spec: withLimits({ cpu: 1, memory: '1Gi', 'example.com/fpga': 1 }),
        parameters: { ...parameters, others: false },
      },
    ],
  },
  check({ server }, { max, others }) {
    const { limits = {}, requests } = server.spec.runtime?.resources ?? {};
    const isNamed = (resource: string): boolean => others || Object.hasOwn(max, resource);
    const limitOf = (resource: string): Quantity | undefined =>
      Object.hasOwn(limits, resource) ? limits[resource] : undefined;
    return join(
      eachEntry(
        max,
        limitsPlace,
        (resource, most, place) => checkLimit({ resource, limit: limitOf(resource), most }, place),
        (resource, most) => isUsualWithin(limitOf(resource) ?? 0, most),
      ),
      others ? none : eachEntry(limits, limitsPlace, (resource, _, place) => (isNamed(resource) ? none : other(place))),
      others
        ? none
        : eachEntry(requests, requestsPlace, (resource, _, place) => (isNamed(resource) ? none : other(place))),
    );
  },
});

const root = placeOf('spec', 'runtime', 'resources');
const limitsPlace = inside(root, 'limits');
const requestsPlace = inside(root, 'requests');

interface Limited {
  readonly resource: string;
  readonly limit: Quantity | undefined;
  readonly most: Quantity;
}

function checkLimit({ resource, limit, most }: Limited, place: Place): readonly Violation[] {
  // A node sets no limit for an amount of zero.
  if (canOvercommit(resource) && (limit === undefined || isNothing(limit))) return [withoutLimit(place, limit, most)];
  if (limit === undefined) return none;
  if (isAtMost(limit, most)) return none;
  return [
    {
      path: pathTo(place),
      headline: 'the limit is above what is allowed here',
      detail: `found ${shortened(limit)}`,
      cause: ['above'],
      remedy: `Use at most ${shortened(most)}.`,
    },
  ];
}

function isNothing(limit: Quantity): boolean {
  const found = toNano(limit);
  return found !== undefined && found <= 0n;
}

/** False for what cannot be read, of the server or of the policy: what nobody can compare is not within limits. */
function isAtMost(limit: Quantity, most: Quantity): boolean {
  const [found, allowed] = [toNano(limit), toNano(most)];
  return found !== undefined && allowed !== undefined && found <= allowed;
}

function withoutLimit(place: Place, limit: Quantity | undefined, most: Quantity): Violation {
  const detail = limit === undefined ? 'found none' : `found ${shortened(limit)}, which is none`;
  const remedy = `Set it, to at most ${shortened(most)}.`;
  return { path: pathTo(place), headline: 'there is no limit of this resource', detail, remedy };
}

function other(place: Place): readonly Violation[] {
  const headline = 'the resource is not allowed here';
  return [{ path: pathTo(place), headline, detail: `found '${place.field}'`, cause: ['other'], remedy: 'Remove it.' }];
}

function shortened(quantity: Quantity): string {
  return shortenEnd(String(quantity), 40);
}

function withLimits(limits: object): Readonly<Record<string, unknown>> {
  return { runtime: { resources: { limits } } };
}
