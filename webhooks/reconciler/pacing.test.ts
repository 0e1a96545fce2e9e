import { describe, expect, it } from '@jest/globals';
import type { Action, ApplyCause } from '../core/plan/action.ts';
import type { DeploymentStatus } from '../core/plan/observed.ts';
import type { Drift } from '../core/plan/owned-fields.ts';
import { deployment } from '../core/resources/deployment.ts';
import { service } from '../core/resources/service.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { Executed } from './execute.ts';
import { Pacing } from './pacing.ts';
import type { Admitted, Paced } from './pacing.ts';
import { RolloutPlaces } from './rollout-places.ts';
import type { RolloutPlacesOptions } from './rollout-places.ts';

const minutes = 60_000;

function anApply(of: typeof deployment, cause: ApplyCause, drift?: Drift): Action & { readonly type: 'apply' } {
  const object = { apiVersion: of.apiVersion, kind: of.kind, metadata: { name: 'search', namespace: 'mcp' } };
  const existing = { type: 'apply', of, object, uid: 'u', cause } as const;
  return { ...existing, ...(drift === undefined ? {} : { drift }), claims: { fields: [], more: 0, isTakeOver: false } };
}

const cleanPods = anApply(deployment, 'foreign');
const cleanService = anApply(service, 'foreign');
const repairPods = anApply(deployment, 'drift', { lost: [['f:spec', 'f:template', 'f:spec']], extra: [] });
const repairLabel = anApply(deployment, 'drift', { lost: [['f:metadata', 'f:labels', 'f:app']], extra: [] });

/** It serves, and is verified. */
function paced(key: string, generation = 1): Paced {
  return { key, generation, isVerified: true, isChanged: false };
}

type Rollout = Pick<DeploymentStatus, 'generation' | 'observedGeneration' | 'updatedReplicas'>;
const complete: Rollout = { generation: 2, observedGeneration: 2, updatedReplicas: 1 };

/** Whatever is admitted succeeds. */
function aPacing(rolloutOf: (key: string) => Rollout = () => complete): {
  readonly pacing: Pacing;
  readonly clock: FakeClock;
  readonly run: (key: string, generation: number, actions: readonly Action[]) => Admitted;
} {
  const clock = createFakeClock();
  const get: RolloutPlacesOptions['deployments']['get'] = (key) => {
    const conditions = [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }];
    const status: DeploymentStatus = { ...{ replicas: 1, readyReplicas: 1 }, ...rolloutOf(key), conditions };
    const child = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x', uid: 'u', resourceVersion: '1' };
    return { child: { ...child, isDeleting: false }, deployment: status };
  };
  const places = new RolloutPlaces({ clock, max: 10, deployments: { get }, onTurn: () => undefined });
  const pacing = new Pacing({ clock, places });
  return {
    ...{ clock, pacing },
    run: (key, generation, actions) => {
      const admitted = pacing.admit(paced(key, generation), actions);
      pacing.settle(
        paced(key, generation),
        admitted.actions.map((action) => ({ action, result: 'done' })),
      );
      return admitted;
    },
  };
}

const refused = (action: Action): Executed => ({
  ...{ action, result: 'failed', message: 'no' },
  ...{ cause: 'Invalid', retry: false },
});

describe('what others wrote', () => {
  it('is taken away twice at once in one generation, then every ten minutes, and comes back meanwhile', async () => {
    const { run, clock } = aPacing();
    const times = (): number => run('mcp/search', 1, [cleanService]).actions.length;
    expect([times(), times()]).toEqual([1, 1]);
    const putOff = [{ action: cleanService, state: 'ComesBack' }];
    expect(run('mcp/search', 1, [cleanService])).toEqual({ actions: [], putOff, afterMs: 10 * minutes });
    await clock.advance(10 * minutes - 1);
    expect(run('mcp/search', 1, [cleanService])).toEqual({ actions: [], putOff, afterMs: 1 });
    await clock.advance(1);
    expect([times(), times()]).toEqual([1, 0]);
  });

  const cleanOf = (...paths: readonly string[]): Action => ({
    ...cleanService,
    claims: { fields: paths.map((path) => ({ path, manager: 'kubectl-edit' })), more: 0, isTakeOver: false },
  });

  it('counts for each field by itself: one that comes back holds up no other (it was counted for all together)', async () => {
    const { run, clock } = aPacing();
    const times = (...paths: readonly string[]): number => run('mcp/search', 1, [cleanOf(...paths)]).actions.length;
    expect([times('spec.type'), times('spec.type'), times('spec.type')]).toEqual([1, 1, 0]);
    expect([times('spec.externalIPs'), times('spec.externalIPs'), times('spec.externalIPs')]).toEqual([1, 1, 0]);
    await clock.advance(10 * minutes - 1);
    expect(times('spec.type', 'spec.externalIPs')).toBe(0);
    await clock.advance(1);
    expect([times('spec.type'), times('spec.type')]).toEqual([1, 0]);
  });

  it('goes with a field that is due, and has not to be taken away by itself then', () => {
    const { run } = aPacing();
    const times = (...paths: readonly string[]): number => run('mcp/search', 1, [cleanOf(...paths)]).actions.length;
    expect([times('spec.type'), times('spec.type')]).toEqual([1, 1]);
    expect([times('spec.type', 'spec.ports'), times('spec.type', 'spec.ports')]).toEqual([1, 1]);
    expect(times('spec.type', 'spec.ports')).toBe(0);
  });

  it('is taken away ten times at once in one generation, though it has another name each time', async () => {
    const { run, clock } = aPacing();
    let field = 0;
    const times = (): number => run('mcp/search', 1, [cleanOf(`spec.f${(field += 1)}`)]).actions.length;
    expect(Array.from({ length: 12 }, times)).toEqual([...Array.from({ length: 10 }, () => 1), 0, 0]);
    let inADay = 0;
    for (let minute = 0; minute < 24 * 60; minute += 1) {
      await clock.advance(minutes);
      inADay += times();
    }
    expect(inADay).toBe(24 * 6);
  });

  it('waits as it did when another of us leads: it was taken away twice more by each', async () => {
    const { pacing, clock } = aPacing();
    const comesBack = [{ kind: 'Service', path: 'spec.type', state: 'ComesBack' }] as const;
    const server = { ...paced('mcp/search'), comesBack };
    const action = cleanOf('spec.type');
    expect(pacing.admit(server, [action])).toMatchObject({ actions: [], afterMs: 10 * minutes });
    expect(pacing.admit(server, [cleanPods]).actions).toEqual([cleanPods]);
    await clock.advance(10 * minutes);
    expect(pacing.admit(server, [action]).actions).toEqual([action]);
    pacing.settle(server, [{ action, result: 'done' }]);
    expect(pacing.admit(server, [action])).toMatchObject({ actions: [], afterMs: 10 * minutes });
    expect(pacing.admit({ ...server, generation: 2, comesBack: [] }, [action]).actions).toEqual([action]);
  });

  it('counts for each child by itself: one patch may have met several', () => {
    const { run } = aPacing();
    const times = (): number => run('mcp/search', 1, [cleanPods, cleanService]).actions.length;
    expect([times(), times(), times()]).toEqual([2, 2, 0]);
  });

  it('is not counted when the apply fails', () => {
    const { pacing } = aPacing();
    for (let times = 0; times < 30; times += 1) {
      expect(pacing.admit(paced('mcp/search'), [cleanService, repairPods]).actions).toHaveLength(2);
      pacing.settle(paced('mcp/search'), [refused(cleanService), refused(repairPods)]);
    }
  });

  it('is taken away at once again after the spec has changed', () => {
    const { run } = aPacing();
    for (const generation of [1, 1, 1]) run('mcp/search', generation, [cleanService]);
    expect(run('mcp/search', 2, [cleanService]).actions).toHaveLength(1);
  });

  it('holds up nothing else', () => {
    const { run } = aPacing();
    for (let times = 0; times < 2; times += 1) run('mcp/search', 1, [cleanService]);
    const conflict: Action = { type: 'conflict', of: deployment, name: 'search', message: 'x' };
    const actions = [repairPods, cleanService, conflict];
    expect(run('mcp/search', 1, actions).actions).toEqual([repairPods, conflict]);
  });

  it('stays, when it is put off, while what is ours is brought back, if that restarts nothing', () => {
    const { run } = aPacing();
    for (let times = 0; times < 2; times += 1) run('mcp/search', 1, [repairLabel]);
    const { actions, putOff } = run('mcp/search', 1, [repairLabel]);
    const { claims, ...withoutClaims } = repairLabel;
    expect(actions).toEqual([withoutClaims]);
    expect(putOff).toMatchObject([{ action: { cause: 'foreign', claims }, state: 'ComesBack' }]);
    expect(run('mcp/search', 1, [repairPods]).actions).toEqual([repairPods]);
  });

  it('goes with what is ours in a Service, however often: the API server refuses its port beside ours', () => {
    const { run } = aPacing();
    const repairPort = anApply(service, 'drift', { lost: [['f:spec', 'f:ports']], extra: [] });
    const times = Array.from({ length: 20 }, () => run('mcp/search', 1, [repairPort]).actions);
    expect(times).toEqual(Array.from({ length: 20 }, () => [repairPort]));
  });

  it('is put off with what is ours where an apply would take it away: it was claimed, and then the apply failed', () => {
    const { run } = aPacing();
    const claimed = { lost: [['f:metadata', 'f:labels', 'f:app']], extra: [['f:spec', 'f:template']] };
    const action = anApply(deployment, 'drift', claimed);
    for (let times = 0; times < 2; times += 1) run('mcp/search', 1, [action]);
    expect(run('mcp/search', 1, [action])).toMatchObject({ actions: [], putOff: [{ state: 'ComesBack' }] });
  });

  it('is forgotten with the server', () => {
    const { run, pacing } = aPacing();
    for (let times = 0; times < 2; times += 1) run('mcp/search', 1, [cleanService]);
    pacing.forget('mcp/search');
    expect(run('mcp/search', 1, [cleanService]).actions).toHaveLength(1);
  });
});

describe('a thousand servers to clean after an upgrade', () => {
  const keys = Array.from({ length: 1_000 }, (_, index) => `mcp/s${index}`);
  const rollingOut: Rollout = { ...complete, observedGeneration: 1 };

  it('restart their pods nine at a time, the last of ten places is for owners', () => {
    let rollout = rollingOut;
    const { run } = aPacing(() => rollout);
    const restarting = (): readonly string[] => keys.filter((key) => run(key, 1, [cleanPods]).actions.length > 0);
    expect(restarting()).toEqual(keys.slice(0, 9));
    // The controller saw the template, which was there before, and said nothing of a rollout yet.
    rollout = { ...complete, updatedReplicas: 0 };
    expect(run('mcp/s9', 1, [cleanPods]).actions).toHaveLength(0);
    rollout = complete;
    expect(run('mcp/s9', 1, [cleanPods]).actions).toHaveLength(1);
  });

  it('keep their places while an apply is not answered, though the rollout before it was complete', () => {
    const { pacing } = aPacing();
    const admitted = keys.filter((key) => pacing.admit(paced(key), [cleanPods]).actions.length > 0);
    expect(admitted).toEqual(keys.slice(0, 9));
    pacing.settle(paced('mcp/s0'), [{ action: cleanPods, result: 'done' }]);
    expect(pacing.admit(paced('mcp/s9'), [cleanPods]).actions).toHaveLength(1);
  });

  it('give their places back when the apply fails', () => {
    const { pacing } = aPacing(() => rollingOut);
    for (const key of keys.slice(0, 9)) pacing.admit(paced(key), [cleanPods]);
    pacing.settle(paced('mcp/s0'), [refused(cleanPods)]);
    expect(pacing.admit(paced('mcp/s9'), [cleanPods]).actions).toHaveLength(1);
  });

  it('look for their turn about twenty times a second, all together', () => {
    const { run } = aPacing(() => rollingOut);
    const waits = keys.map((key) => run(key, 1, [cleanPods]).afterMs ?? 0);
    const perSecond = waits.filter((ms) => ms > 0).reduce((sum) => sum + 1_000 / Math.max(...waits), 0);
    expect(perSecond).toBeLessThan(20);
    expect(Math.min(...waits.slice(10))).toBeGreaterThanOrEqual(5_000);
  });

  it('do not wait for those that turned invalid and look no more', () => {
    const { run, pacing } = aPacing(() => rollingOut);
    for (const key of keys) run(key, 1, [cleanPods]);
    for (const key of keys) pacing.stopWaiting(key);
    expect(run('mcp/s500', 1, [cleanPods]).afterMs).toBeLessThan(6_000);
    expect(run('mcp/s501', 1, [cleanPods]).actions).toEqual([]);
  });

  it('do not wait for ever for one whose pods never get ready', async () => {
    const { run, clock } = aPacing(() => rollingOut);
    for (const key of keys.slice(0, 9)) run(key, 1, [cleanPods]);
    await clock.advance(10 * minutes);
    expect(run('mcp/s500', 1, [cleanPods]).actions).toHaveLength(1);
  });

  it('have Services and NetworkPolicies cleaned at once: that restarts nothing', () => {
    const { run } = aPacing(() => rollingOut);
    expect(keys.filter((key) => run(key, 1, [cleanService]).actions.length > 0)).toHaveLength(1_000);
  });
});

describe('another template', () => {
  const replace = (cause: ApplyCause): Action & { readonly type: 'apply' } => {
    const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'search', namespace: 'mcp' } };
    return { type: 'apply', of: deployment, object, uid: 'u', cause, replacesPods: true, owned: '{}' };
  };
  const rollingOut: Rollout = { ...complete, observedGeneration: 1 };
  const ten = Array.from({ length: 10 }, (_, index) => `mcp/s${index}`);
  /** As many at a time, where no owner has changed anything. */
  const nine = ten.slice(0, 9);

  it('waits for its turn while nine servers replace their pods, and says so', () => {
    const { run } = aPacing(() => rollingOut);
    for (const key of nine) expect(run(key, 1, [replace('changed')]).actions).toHaveLength(1);
    const action = replace('changed');
    const { actions, putOff, afterMs } = run('mcp/late', 1, [action, cleanService]);
    expect(actions).toEqual([cleanService]);
    expect(putOff).toEqual([{ action, state: 'Queued' }]);
    expect(afterMs).toBeGreaterThan(0);
  });

  it('of a server that is not verified waits for nobody: it may be the repair', () => {
    const { run, pacing } = aPacing(() => rollingOut);
    for (const key of nine) run(key, 1, [replace('changed')]);
    const broken = { ...paced('mcp/broken'), isVerified: false };
    expect(pacing.admit(broken, [replace('changed')]).actions).toHaveLength(1);
  });

  it('that the owner asked for waits for nobody where its Service would lead to no pod meanwhile, and takes no place', () => {
    const { run, pacing } = aPacing(() => rollingOut);
    for (const key of ten) {
      const changed = { ...paced(key, 2), isChanged: true };
      expect(pacing.admit(changed, [replace('changed')]).actions).toHaveLength(1);
      pacing.settle(changed, [{ action: replace('changed'), result: 'done' }]);
    }
    for (const key of nine) expect(run(`other/${key}`, 1, [replace('changed')]).actions).toHaveLength(1);
    const late = { ...paced('mcp/late', 2), isChanged: true };
    expect(run('mcp/late', 1, [replace('changed')]).putOff).toHaveLength(1);
    expect(pacing.admit(late, [replace('changed')])).toEqual({ actions: [replace('changed')], putOff: [] });
  });

  it('that the owner asked for is one of ten at a time where what serves stays reachable (two hundred began at once)', () => {
    const { pacing } = aPacing(() => rollingOut);
    const begins = (key: string): boolean => {
      const changed = { ...paced(key, 2), isChanged: true, staysReachable: true };
      return pacing.admit(changed, [replace('changed')]).actions.length > 0;
    };
    expect(ten.map(begins)).toEqual(ten.map(() => true));
    expect(begins('mcp/late')).toBe(false);
  });

  it('waits no more when somebody writes into what waits: what is ours is put back, what is theirs goes', () => {
    const { run } = aPacing(() => rollingOut);
    for (const key of nine) run(key, 1, [replace('changed')]);
    const waits = (key: string, action: Action): boolean => run(key, 1, [action]).putOff.length > 0;
    const drifted: Action = { ...replace('changed'), owned: '{"f:spec":{}}' };
    expect([waits('mcp/late', replace('changed')), waits('mcp/late', replace('changed'))]).toEqual([true, true]);
    expect(waits('mcp/late', drifted)).toBe(false);
    const written: Action = { ...replace('changed'), claims: { fields: [], more: 0, isTakeOver: false } };
    expect(waits('mcp/written', written)).toBe(false);
    const takenOver: Action = { ...replace('changed'), claims: { fields: [], more: 0, isTakeOver: true } };
    expect(waits('mcp/taken-over', takenOver)).toBe(true);
  });

  it.each([
    ['fields that we own are others', { owned: '{"f:spec":{}}' }],
    ['there are fields of somebody', { claims: { fields: [], more: 0, isTakeOver: false } }],
  ])('counts as one that rolls out when it waits no more because %s (any number began beside it)', (_, more) => {
    const done = new Set<string>();
    const { run } = aPacing((key) => (done.has(key) ? complete : rollingOut));
    const begins = (key: string, action: Action = replace('changed')): boolean =>
      run(key, 1, [action]).putOff.length === 0;
    expect(nine.filter((key) => begins(key))).toEqual(nine);
    expect([begins('mcp/written'), begins('mcp/late')]).toEqual([false, false]);
    expect(begins('mcp/written', { ...replace('changed'), ...more })).toBe(true);
    done.add('mcp/s0');
    expect(begins('mcp/late')).toBe(false);
    done.add('mcp/written');
    expect(begins('mcp/late')).toBe(true);
  });

  it('that has to be brought back waits for nobody either, nor does what replaces no pods', () => {
    const { run } = aPacing(() => rollingOut);
    for (const key of nine) run(key, 1, [replace('changed')]);
    const repair: Action = { ...repairPods, replacesPods: true };
    expect(run('mcp/drifted', 1, [repair]).actions).toEqual([repair]);
    const scale = anApply(deployment, 'changed');
    expect(run('mcp/scaled', 1, [scale]).actions).toEqual([scale]);
  });
});

it('a fight about a field of ours slows down, and ends with a new generation', async () => {
  const { run, pacing, clock } = aPacing();
  const times = (generation = 1): number => run('mcp/search', generation, [repairPods]).actions.length;
  expect(Array.from({ length: 20 }, () => times())).toEqual(Array.from({ length: 20 }, () => 1));
  expect(pacing.fightMs('mcp/search', 1)).toBeUndefined();
  expect(run('mcp/search', 1, [repairPods]).putOff).toEqual([{ action: repairPods, state: 'ComesBack' }]);
  await clock.advance(30_000);
  expect(times()).toBe(1);
  expect(pacing.fightMs('mcp/search', 1)).toBe(30_000);
  expect([times(), times(2)]).toEqual([0, 1]);
  await clock.advance(30_000);
  expect(pacing.fightMs('mcp/search', 1)).toBeUndefined();
});
