import { describe, expect, it } from '@jest/globals';
import type { DeploymentStatus } from '../core/plan/observed.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { RolloutPlaces } from './rollout-places.ts';
import type { RolloutCause } from './rollout-places.ts';

interface Fleet {
  readonly places: RolloutPlaces;
  readonly clock: FakeClock;
  /** Whose turn has come, in order. */
  readonly turns: string[];
  /** Servers whose rollout is complete. */
  readonly done: Set<string>;
  /** Takes a place and has the apply answered. */
  readonly begin: (key: string, cause?: RolloutCause) => boolean;
}

/** `status`: of each Deployment whose rollout is done. */
function aFleet(max: number, status: Partial<DeploymentStatus> = {}, isShared = false): Fleet {
  const clock = createFakeClock();
  const turns: string[] = [];
  const done = new Set<string>();
  const get = (key: string) => {
    const deployment: DeploymentStatus = {
      ...{
        generation: 2,
        observedGeneration: done.has(key) ? 2 : 1,
        replicas: 1,
        updatedReplicas: 1,
        readyReplicas: 1,
        ...(done.has(key) ? status : {}),
      },
      conditions: [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }],
    };
    const child = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: key,
      uid: 'u',
      resourceVersion: '1',
      isDeleting: false,
    };
    return { child, deployment };
  };
  const places = new RolloutPlaces({
    clock,
    max,
    deployments: { get },
    onTurn: (key) => void turns.push(key),
    isShared: () => isShared,
  });
  const begin = (key: string, cause?: RolloutCause): boolean => {
    const has = places.take(key, cause);
    if (has) places.answer(key, 'done');
    return has;
  };
  return { places, clock, turns, done, begin };
}

describe('a place among the servers that replace their pods', () => {
  it('is for as many as may at a time, and passed on as soon as one is done', () => {
    const { places, turns, done, begin } = aFleet(3);
    expect(['a/1', 'a/2', 'a/3'].map((key) => begin(key))).toEqual([true, true, false]);
    expect(places.waiting).toBe(1);
    done.add('a/1');
    places.look();
    expect(turns).toEqual(['a/3']);
    expect([begin('a/4'), begin('a/3')]).toEqual([false, true]);
  });

  it('goes from namespace to namespace, whatever the number of those that wait in each', () => {
    const { places, turns, done, begin } = aFleet(1);
    for (const key of ['big/0', 'big/1', 'big/2', 'big/3', 'small/1']) begin(key);
    done.add('big/0');
    places.look();
    for (let turn = 0; turn < 3; turn += 1) {
      const next = turns.at(-1) ?? '';
      begin(next);
      done.add(next);
      places.look();
    }
    expect(turns).toEqual(['big/1', 'small/1', 'big/2', 'big/3']);
  });

  it('is left for another namespace by one that has all others (its ConfigMap held all ten for five minutes)', async () => {
    const { places, turns, clock, done, begin } = aFleet(10, {}, true);
    const big = Array.from({ length: 20 }, (_, index) => `big/${index}`);
    expect(big.filter((key) => begin(key))).toHaveLength(8);
    expect(begin('small/1')).toBe(true);
    expect([begin('small/2'), begin('other/1')]).toEqual([false, false]);
    done.add('big/0');
    places.look();
    expect(turns).toEqual(['other/1']);
    begin('other/1');
    await clock.advance(300_000);
    expect(begin('late/1')).toBe(true);
    expect(turns.filter((key) => key.startsWith('big/')).length).toBeLessThanOrEqual(8);
  });

  it('is for the only namespace, too, and one place is for whoever comes', () => {
    const { begin } = aFleet(10);
    expect(Array.from({ length: 20 }, (_, index) => begin(`big/${index}`)).filter(Boolean)).toHaveLength(9);
    const alone = aFleet(1, {}, true);
    expect([alone.begin('big/0'), alone.begin('big/1')]).toEqual([true, false]);
  });

  it('is taken in turns by owners and shared changes where there is but one (owners held all else up without end)', () => {
    const { places, turns, done, begin } = aFleet(1);
    const enter = (key: string): boolean => begin(key, key.startsWith('owner/') ? 'owner' : 'shared');
    expect(['owner/0', 'shared/1', 'shared/2'].map(enter)).toEqual([true, false, false]);
    for (let at = 1; at <= 3; at += 1) {
      enter(`owner/${at}`);
      done.add(turns.at(-1) ?? 'owner/0');
      places.look();
      enter(turns.at(-1) ?? '');
    }
    expect(turns).toEqual(['shared/1', 'owner/1', 'shared/2']);
  });

  it('is waited for at the same place, however often the server is looked at', () => {
    const { places, turns, done, begin } = aFleet(1);
    for (const key of ['a/0', 'a/1', 'a/2', 'a/1', 'a/1']) begin(key);
    done.add('a/0');
    places.look();
    expect(turns).toEqual(['a/1']);
    expect(places.waiting).toBe(1);
  });

  it.each([
    ['none of either template', { replicas: 0, updatedReplicas: 0, readyReplicas: 0 }],
    ['one that is not ready', { readyReplicas: 0 }],
    ['one of two', { wantedReplicas: 2 }],
  ])(
    'is kept while there is no pod in place of the one that went first: %s, of a template that was there before',
    (_, status) => {
      const { places, turns, done, begin } = aFleet(1, { wantedReplicas: 1, ...status });
      for (const key of ['a/0', 'a/1']) begin(key);
      done.add('a/0');
      places.look();
      expect(turns).toEqual([]);
    },
  );

  it('is passed on by a server that is scaled to zero meanwhile', () => {
    const { places, turns, done, begin } = aFleet(1, {
      wantedReplicas: 0,
      replicas: 0,
      updatedReplicas: 0,
      readyReplicas: 0,
    });
    for (const key of ['a/0', 'a/1']) begin(key);
    done.add('a/0');
    places.look();
    expect(turns).toEqual(['a/1']);
  });

  it("is nobody's for longer than five minutes: pods that do not come up hold up no other server", async () => {
    const { clock, begin } = aFleet(1);
    expect(begin('a/0')).toBe(true);
    await clock.advance(299_999);
    expect([begin('a/0'), begin('a/1')]).toEqual([true, false]);
    await clock.advance(1);
    expect(begin('a/1')).toBe(true);
  });

  it('is passed on when who was offered it wants it no more', () => {
    const { places, turns, done, begin } = aFleet(1);
    for (const key of ['a/0', 'a/1', 'a/2']) begin(key);
    done.add('a/0');
    places.look();
    places.stopWaiting('a/1');
    expect(turns).toEqual(['a/1', 'a/2']);
    places.forget('a/2');
    expect(begin('a/3')).toBe(true);
  });

  it('is kept when a server that rolls out has nothing more to be applied', () => {
    const { places, begin } = aFleet(1);
    begin('a/0');
    places.stopWaiting('a/0');
    expect(begin('a/1')).toBe(false);
  });

  it('is given back when the apply was refused', () => {
    const { places, begin } = aFleet(1);
    places.take('a/0');
    places.answer('a/0', 'failed');
    expect(begin('a/1')).toBe(true);
  });
});

describe('a place for the change of an owner', () => {
  const some = (namespace: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${namespace}/${index}`);

  it('is free while a ConfigMap that a thousand share has all others, also for one of these', () => {
    const { begin } = aFleet(10);
    expect(some('a', 20).filter((key) => begin(key))).toHaveLength(9);
    expect([begin('a/19', 'owner'), begin('a/18', 'owner')]).toEqual([true, false]);
  });

  it('is the next one that is free, whoever has waited longer', () => {
    const { places, turns, done, begin } = aFleet(10);
    for (const key of some('a', 20)) begin(key);
    begin('a/18', 'owner');
    begin('a/19', 'owner');
    done.add('a/0');
    places.look();
    expect(turns).toEqual(['a/19']);
    expect(places.waiting).toBe(9);
  });

  it('is one of as many as may at a time, and the last one is for another namespace', () => {
    const { begin } = aFleet(10, {}, true);
    expect(some('big', 200).filter((key) => begin(key, 'owner'))).toHaveLength(9);
    expect([begin('small/1', 'owner'), begin('small/2', 'owner'), begin('other/1', 'owner')]).toEqual([
      ...[true, false, false],
    ]);
  });

  it('is left to what is shared by those that come later, so that neither waits for all of the other', () => {
    const { places, turns, done, begin } = aFleet(10);
    for (const key of some('a', 30)) begin(key, 'owner');
    begin('b/0');
    done.add('a/0');
    places.look();
    expect(turns).toEqual(['b/0']);
    begin('b/0');
    done.add('a/1');
    places.look();
    expect(turns).toEqual(['b/0', 'a/10']);
  });

  it('is there where only one may at a time', () => {
    const { places, turns, done, begin } = aFleet(1);
    expect([begin('a/0'), begin('a/1'), begin('a/2', 'owner')]).toEqual([true, false, false]);
    done.add('a/0');
    places.look();
    expect(turns).toEqual(['a/2']);
  });
});
