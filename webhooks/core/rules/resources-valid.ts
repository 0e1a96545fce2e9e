import type { Rule } from '../engine/rule.ts';
import { shortenEnd } from '../engine/text.ts';
import { each, eachEntry, join, none } from '../engine/violations.ts';
import { inside, pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { Quantity, ResourceClaim, ResourceRequirements } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { isUsual, toNano } from './parts/quantity.ts';
import { HUGE_PAGES, isExtendedResource, isResourceName } from './parts/resource-name.ts';

const root = placeOf('spec', 'runtime', 'resources');
const claimsPlace = inside(root, 'claims');
const limitsPlace = inside(root, 'limits');
const requestsPlace = inside(root, 'requests');

const one = 10n ** 9n;

export const resourcesValid: Rule = {
  id: 'resources-valid',
  severity: 'deny',
  summary: 'Every resource must be one that a container can have, in an amount that Kubernetes can read.',
  rationale:
    'The resources go into the Deployment as they are, and Kubernetes refuses it for one name or amount that is none: the ' +
    'server would be stored and never run. A quantity with an exponent beyond a hundred is refused here because the API ' +
    'server would compute with it for minutes.',
  remedy: 'Correct the name or the amount.',
  examples: {
    accepts: [
      { title: 'the default resources' },
      { title: 'whole devices', spec: { runtime: { resources: { limits: { cpu: '500m', 'nvidia.com/gpu': 1 } } } } },
      {
        title: 'huge pages beside memory',
        spec: { runtime: { resources: { limits: { memory: '64Mi', 'hugepages-2Mi': '4Mi' } } } },
      },
    ],
    rejects: [
      { title: 'a negative limit', spec: { runtime: { resources: { limits: { cpu: '-500m' } } } } },
      { title: 'a fractional exponent', spec: { runtime: { resources: { requests: { cpu: '1e1.5' } } } } },
      { title: 'an absurd exponent', spec: { runtime: { resources: { limits: { cpu: '1e999999999' } } } } },
      { title: 'a resource that containers do not have', spec: { runtime: { resources: { limits: { gpu: 1 } } } } },
      { title: 'half a device', spec: { runtime: { resources: { limits: { 'nvidia.com/gpu': '500m' } } } } },
      {
        title: 'one and a half huge pages',
        spec: { runtime: { resources: { limits: { memory: '64Mi', 'hugepages-2Mi': '3Mi' } } } },
      },
      {
        title: 'huge pages without cpu or memory',
        spec: { runtime: { resources: { limits: { 'hugepages-2Mi': '4Mi' } } } },
      },
      { title: 'a claim, which the pods do not have', spec: { runtime: { resources: { claims: [{ name: 'gpu' }] } } } },
    ],
  },
  check({ server }) {
    const { resources } = server.spec.runtime ?? {};
    if (resources === undefined) return none;
    const { claims, limits, requests } = resources;
    return join(
      each(claims, claimsPlace, checkClaim),
      checkHugePages(resources),
      eachEntry(limits, limitsPlace, checkResource, isUsualResource),
      eachEntry(requests, requestsPlace, checkResource, isUsualResource),
    );
  },
};

function checkClaim({ name }: ResourceClaim, place: Place): readonly Violation[] {
  const headline = 'the pods have no resource claims';
  return [{ path: pathTo(place), headline, detail: `found '${name}'`, remedy: 'Remove the claim.' }];
}

function checkHugePages({ limits = {}, requests = {} }: ResourceRequirements): readonly Violation[] {
  const hasAny = (name: string): boolean => Object.hasOwn(limits, name) || Object.hasOwn(requests, name);
  if (hasAny('cpu') || hasAny('memory')) return none;
  const found = [...Object.keys(limits), ...Object.keys(requests)].find((name) => name.startsWith(HUGE_PAGES));
  if (found === undefined) return none;
  return [
    {
      path: pathTo(root),
      headline: 'there are huge pages without cpu or memory',
      detail: `found ${found}`,
      remedy: 'Say how much cpu or memory the container needs as well.',
    },
  ];
}

/** Nearly every resource of nearly every request. */
function isUsualResource(name: string, quantity: Quantity): boolean {
  return (name === 'cpu' || name === 'memory') && isUsual(quantity);
}

function checkResource(name: string, quantity: Quantity, place: Place): readonly Violation[] {
  const path = pathTo(place);
  if (!isResourceName(name)) {
    const remedy = 'Use cpu, memory, ephemeral-storage, hugepages-SIZE, or a device as domain/name.';
    return [{ path, headline: 'containers do not have this resource', detail: `found '${name}'`, remedy }];
  }
  const problem = findProblem(name, toNano(quantity));
  return problem === undefined ? [] : [{ path, detail: `found ${shortened(quantity)}`, ...problem }];
}

function findProblem(
  name: string,
  nano: bigint | undefined,
): { readonly headline: string; readonly remedy: string } | undefined {
  if (nano === undefined) {
    return { headline: 'the quantity cannot be read', remedy: 'Write a number with a suffix, such as 64Mi.' };
  }
  if (nano < 0n) return { headline: 'the quantity is negative', remedy: 'Use zero or more.' };
  if (isExtendedResource(name) && !isWhole(nano)) {
    return { headline: 'the resource is counted in whole numbers', remedy: 'Use a whole number.' };
  }
  if (name.startsWith(HUGE_PAGES) && !isMultipleOf(nano, name.slice(HUGE_PAGES.length))) {
    return { headline: 'the quantity is no multiple of the page size', remedy: 'Use a multiple of the page size.' };
  }
  return undefined;
}

/** To the thousandth, rounded up: that is how Kubernetes looks at it. */
function isWhole(nano: bigint): boolean {
  return roundUp(nano, one / 1000n) % one === 0n;
}

function isMultipleOf(nano: bigint, pageSize: string): boolean {
  const page = toNano(pageSize) ?? 0n;
  return page > 0n && isWhole(page) && roundUp(nano, one) % roundUp(page, one) === 0n;
}

function roundUp(nano: bigint, unit: bigint): bigint {
  return ((nano + unit - 1n) / unit) * unit;
}

function shortened(quantity: Quantity): string {
  return shortenEnd(String(quantity), 40);
}
