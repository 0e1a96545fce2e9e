import { defaultResources } from '../defaults/resources.ts';
import { ownValue, type Fields } from '../mcpserver/record.ts';
import { describeValue, suggestQuantity } from '../mcpserver/schema.ts';
import { parseQuantity } from '../rules/parts/quantity.ts';
import type { CompositeViolation } from './composite-kind.ts';
import { maxReplicasOf, type PoolMember } from './pool-member.ts';
import { numberValue } from './read-fields.ts';

/** What all servers of a pool may use together, each with the most pods that it may have. */
export function judgeLimits(limits: unknown, members: readonly PoolMember[]): readonly CompositeViolation[] {
  return [
    ...judgeCount('servers', numberValue(limits, 'servers'), members.length),
    ...judgeCount('replicas', numberValue(limits, 'replicas'), sum(members.map(({ spec }) => podsOf(spec)))),
    ...(['cpu', 'memory'] as const).flatMap((resource) => judgeResource(resource, ownValue(limits, resource), members)),
  ];
}

function podsOf(spec: Fields): number {
  return maxReplicasOf(spec) ?? numberValue(ownValue(spec, 'runtime'), 'replicas') ?? 1;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

function judgeCount(field: string, limit: number | undefined, found: number): readonly CompositeViolation[] {
  if (limit === undefined || found <= limit) return [];
  return [exceeded(field, `found ${found} in all, at most ${limit} are allowed`, String(found))];
}

type Resource = 'cpu' | 'memory';

function judgeResource(
  resource: Resource,
  limit: unknown,
  members: readonly PoolMember[],
): readonly CompositeViolation[] {
  if (limit === undefined) return [];
  const most = nanoOf(limit);
  if (most === undefined) {
    const path = ['spec', 'limits', resource];
    const detail = `found ${describeValue(path, limit)}`;
    return [{ path, reason: 'Invalid', headline: 'is no quantity', detail, remedy: suggestQuantity(limit) }];
  }
  const unbounded = members.find(({ spec }) => perPod(spec, resource) === undefined);
  if (unbounded !== undefined) {
    const detail = `server ${unbounded.name} has no ${resource} limit, so that nobody can tell how much it may use`;
    return [exceeded(resource, detail, unbounded.name, `Set runtime.resources.limits.${resource} of it.`)];
  }
  const found = members.reduce(
    (all, { spec }) => all + (perPod(spec, resource) ?? 0n) * BigInt(Math.max(0, Math.trunc(podsOf(spec)))),
    0n,
  );
  if (found <= most) return [];
  const detail = `found ${show(found, resource)} in all, at most ${show(most, resource)} are allowed`;
  return [exceeded(resource, detail, String(found))];
}

/** The limit of a pod, or what it requests. */
function perPod(spec: Fields, resource: Resource): bigint | undefined {
  const resources = ownValue(ownValue(spec, 'runtime'), 'resources') ?? defaultResources;
  const limit = ownValue(ownValue(resources, 'limits'), resource);
  return nanoOf(limit ?? ownValue(ownValue(resources, 'requests'), resource));
}

function nanoOf(quantity: unknown): bigint | undefined {
  return typeof quantity === 'string' || typeof quantity === 'number' ? parseQuantity(quantity)?.nano : undefined;
}

const nano = 10n ** 9n;

/** In thousandths of a processor, or in MiB. */
function show(amount: bigint, resource: Resource): string {
  return resource === 'cpu' ? `${amount / (nano / 1000n)}m` : `${amount / nano / 1024n ** 2n}Mi`;
}

function exceeded(
  field: string,
  detail: string,
  cause: string,
  remedy = 'Let the servers use less, or raise the limit of the pool.',
): CompositeViolation {
  const headline = `the servers of the pool may use more ${field} than that`;
  return { path: ['spec', 'limits', field], reason: 'LimitExceeded', headline, detail, remedy, cause: [cause] };
}
