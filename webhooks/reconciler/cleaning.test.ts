import { describe, expect, it } from '@jest/globals';
import type { Action } from '../core/plan/action.ts';
import type { DeploymentStatus } from '../core/plan/observed.ts';
import { HAS_FOREIGN_FIELDS, WAS_CHANGED } from '../core/plan/plan.ts';
import { deployment } from '../core/resources/deployment.ts';
import { service } from '../core/resources/service.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { Cleaning } from './cleaning.ts';
import type { CleaningOptions } from './cleaning.ts';

const minutes = 60_000;

function anApply(of: typeof deployment, why: string): Action {
  const object = { apiVersion: of.apiVersion, kind: of.kind, metadata: { name: 'search', namespace: 'mcp' } };
  return { ...{ type: 'apply', of, object, uid: 'u', why }, claims: { fields: [], more: 0, isTakeOver: false } };
}

const cleanPods = anApply(deployment, HAS_FOREIGN_FIELDS);
const cleanService = anApply(service, HAS_FOREIGN_FIELDS);
const repairPods = anApply(deployment, WAS_CHANGED);

function aCleaning(isRolledOut: () => boolean = () => true): {
  readonly cleaning: Cleaning;
  readonly clock: FakeClock;
} {
  const clock = createFakeClock();
  const get: CleaningOptions['deployments']['get'] = () => {
    const status: DeploymentStatus = {
      ...{ generation: 2, observedGeneration: 2, replicas: 1, readyReplicas: 1 },
      conditions: [
        { type: 'Progressing', status: 'True', reason: isRolledOut() ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated' },
      ],
    };
    const child = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x', uid: 'u', resourceVersion: '1' };
    return { child: { ...child, isDeleting: false }, deployment: status };
  };
  return { clock, cleaning: new Cleaning({ clock, deployments: { get } }) };
}

describe('what others wrote', () => {
  it('is taken away twice at once in one generation, then every ten minutes, and comes back meanwhile', async () => {
    const { cleaning, clock } = aCleaning();
    const admit = (): number => cleaning.admit('mcp/search', 1, [cleanService]).actions.length;
    expect([admit(), cleaning.comesBack('mcp/search', 1), admit(), cleaning.comesBack('mcp/search', 1)]).toEqual([
      ...[1, false, 1, true],
    ]);
    expect(cleaning.admit('mcp/search', 1, [cleanService])).toEqual({ actions: [], afterMs: 10 * minutes });
    await clock.advance(10 * minutes - 1);
    expect(cleaning.admit('mcp/search', 1, [cleanService])).toEqual({ actions: [], afterMs: 1 });
    await clock.advance(1);
    expect([admit(), admit()]).toEqual([1, 0]);
  });

  it('counts for each child by itself: one patch may have met several', () => {
    const { cleaning } = aCleaning();
    const admit = (): number => cleaning.admit('mcp/search', 1, [cleanPods, cleanService]).actions.length;
    expect([admit(), admit(), admit()]).toEqual([2, 2, 0]);
  });

  it('is taken away at once again after the spec has changed', () => {
    const { cleaning } = aCleaning();
    for (const generation of [1, 1, 1, 2]) cleaning.admit('mcp/search', generation, [cleanService]);
    expect(cleaning.comesBack('mcp/search', 2)).toBe(false);
    expect(cleaning.admit('mcp/search', 2, [cleanService]).actions).toHaveLength(1);
  });

  it('holds up nothing else', () => {
    const { cleaning } = aCleaning();
    for (let times = 0; times < 2; times += 1) cleaning.admit('mcp/search', 1, [cleanService]);
    const conflict: Action = { type: 'conflict', of: deployment, message: 'x' };
    expect(cleaning.admit('mcp/search', 1, [repairPods, cleanService, conflict]).actions).toEqual([
      repairPods,
      conflict,
    ]);
  });

  it('is forgotten with the server', () => {
    const { cleaning } = aCleaning();
    for (let times = 0; times < 2; times += 1) cleaning.admit('mcp/search', 1, [cleanService]);
    cleaning.forget('mcp/search');
    expect(cleaning.admit('mcp/search', 1, [cleanService]).actions).toHaveLength(1);
  });
});

describe('a thousand servers to clean after an upgrade', () => {
  const keys = Array.from({ length: 1_000 }, (_, index) => `mcp/s${index}`);
  const restarting = (cleaning: Cleaning): readonly string[] =>
    keys.filter((key) => cleaning.admit(key, 1, [cleanPods]).actions.length > 0);

  it('restart their pods ten at a time', () => {
    let isRolledOut = false;
    const { cleaning } = aCleaning(() => isRolledOut);
    expect(restarting(cleaning)).toEqual(keys.slice(0, 10));
    isRolledOut = true;
    // Each that is admitted sees those before it rolled out.
    expect(cleaning.admit('mcp/s10', 1, [cleanPods]).actions).toHaveLength(1);
  });

  it('look for their turn about twenty times a second, all together', () => {
    const { cleaning } = aCleaning(() => false);
    const waits = keys.map((key) => cleaning.admit(key, 1, [cleanPods]).afterMs ?? 0);
    const perSecond = waits.filter((ms) => ms > 0).reduce((sum) => sum + 1_000 / Math.max(...waits), 0);
    expect(perSecond).toBeLessThan(20);
    expect(Math.min(...waits.slice(10))).toBeGreaterThanOrEqual(5_000);
  });

  it('do not wait for ever for one whose pods never get ready', async () => {
    const { cleaning, clock } = aCleaning(() => false);
    expect(restarting(cleaning)).toHaveLength(10);
    await clock.advance(10 * minutes);
    expect(cleaning.admit('mcp/s500', 1, [cleanPods]).actions).toHaveLength(1);
  });

  it('have Services and NetworkPolicies cleaned at once: that restarts nothing', () => {
    const { cleaning } = aCleaning(() => false);
    expect(keys.filter((key) => cleaning.admit(key, 1, [cleanService]).actions.length > 0)).toHaveLength(1_000);
  });
});

it('a fight about a field of ours slows down, and ends with a new generation', async () => {
  const { cleaning, clock } = aCleaning();
  const admit = (generation = 1): number => cleaning.admit('mcp/search', generation, [repairPods]).actions.length;
  expect(Array.from({ length: 20 }, () => admit())).toEqual(Array.from({ length: 20 }, () => 1));
  expect(admit()).toBe(0);
  await clock.advance(30_000);
  expect([admit(), admit(), admit(2)]).toEqual([1, 0, 1]);
});
