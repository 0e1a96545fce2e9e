import { describe, expect, it } from '@jest/globals';

import { settle } from './kube/testing/fake-clock.ts';
import { Places } from './places.ts';
import type { Release } from './places.ts';

/** Takes places for these namespaces in order, and tells who got one so far. */
function taking(places: Places, namespaces: readonly string[]) {
  const got: string[] = [];
  const releases: Release[] = [];
  const stops = namespaces.map((namespace) => {
    const stop = new AbortController();
    void places.take(namespace, stop.signal).then((release) => {
      got.push(release === undefined ? `${namespace} gave up` : namespace);
      if (release !== undefined) releases.push(release);
    });
    return stop;
  });
  return {
    got: async () => (await settle(), [...got]),
    releaseNext: () => {
      releases.shift()?.();
    },
    stop: (index: number) => {
      stops[index]?.abort();
    },
  };
}

describe('Places', () => {
  it('gives a place to whoever waits, namespaces in turn', async () => {
    const t = taking(new Places({ count: 1, ofNamespace: 1, reserved: 0 }), ['a', 'a', 'a', 'b', 'c']);
    for (let round = 0; round < 4; round += 1) {
      await t.got();
      t.releaseNext();
    }
    expect(await t.got()).toEqual(['a', 'a', 'b', 'c', 'a']);
  });

  it('gives one namespace what nobody uses, and leaves some to others', async () => {
    const places = new Places({ count: 5, ofNamespace: 1, reserved: 2 });
    const t = taking(places, ['a', 'a', 'a', 'a']);
    expect(await t.got()).toEqual(['a', 'a', 'a']);
    expect(places.takeFree('a')).toBeUndefined();
    expect(places.waiting).toBe(1);
    const release = places.takeFree('b');
    expect(places.takeFree('b')).toBeUndefined();
    expect(places.takeFree('c')).toBeDefined();
    expect(places.takeFree('d')).toBeUndefined();
    release?.();
    t.releaseNext();
    expect(await t.got()).toEqual(['a', 'a', 'a']);
    t.releaseNext();
    expect(await t.got()).toEqual(['a', 'a', 'a', 'a']);
  });

  it('lets whoever waits in for each place that he may have, also when the one given back goes to another', async () => {
    const places = new Places({ count: 5, ofNamespace: 1, reserved: 2 });
    const release = places.takeFree('a');
    places.takeFree('b');
    places.takeFree('c');
    const t = taking(places, ['b', 'a']);
    expect(await t.got()).toEqual([]);
    // Three are free then: b may have one that is not reserved, and a one of the reserved ones.
    release?.();
    expect(await t.got()).toEqual(['b', 'a']);
  });

  it('lets somebody in for a place that is given back, once', async () => {
    const places = new Places({ count: 1, ofNamespace: 1, reserved: 0 });
    const release = places.takeFree('a');
    const t = taking(places, ['b', 'c']);
    release?.();
    release?.();
    expect(await t.got()).toEqual(['b']);
  });

  it('forgets whoever gives up', async () => {
    const places = new Places({ count: 1, ofNamespace: 1, reserved: 0 });
    const release = places.takeFree('a');
    const t = taking(places, ['b', 'c']);
    t.stop(0);
    expect(places.waiting).toBe(1);
    release?.();
    expect(await t.got()).toEqual(['b gave up', 'c']);
    const late = new AbortController();
    late.abort();
    expect(await places.take('d', late.signal)).toBeUndefined();
  });
});
