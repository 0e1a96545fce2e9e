import { describe, expect, it } from '@jest/globals';

import { settle } from './kube/testing/fake-clock.ts';
import { Slots } from './slots.ts';
import type { Release } from './slots.ts';

/** Takes slots for these namespaces in order, and tells who got one so far. */
function taking(slots: Slots, namespaces: readonly string[]) {
  const got: string[] = [];
  const releases: Release[] = [];
  const stops = namespaces.map((namespace) => {
    const stop = new AbortController();
    void slots.take(namespace, stop.signal).then((release) => {
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

describe('Slots', () => {
  it('gives a slot to whoever waits, namespaces in turn', async () => {
    const t = taking(new Slots({ count: 1, ofNamespace: 1, reserved: 0 }), ['a', 'a', 'a', 'b', 'c']);
    for (let round = 0; round < 4; round += 1) {
      await t.got();
      t.releaseNext();
    }
    expect(await t.got()).toEqual(['a', 'a', 'b', 'c', 'a']);
  });

  it('gives one namespace what nobody uses, and leaves some to others', async () => {
    const slots = new Slots({ count: 5, ofNamespace: 1, reserved: 2 });
    const t = taking(slots, ['a', 'a', 'a', 'a']);
    expect(await t.got()).toEqual(['a', 'a', 'a']);
    expect(slots.takeFree('a')).toBeUndefined();
    expect(slots.waiting).toBe(1);
    const release = slots.takeFree('b');
    expect(slots.takeFree('b')).toBeUndefined();
    expect(slots.takeFree('c')).toBeDefined();
    expect(slots.takeFree('d')).toBeUndefined();
    release?.();
    t.releaseNext();
    expect(await t.got()).toEqual(['a', 'a', 'a']);
    t.releaseNext();
    expect(await t.got()).toEqual(['a', 'a', 'a', 'a']);
  });

  it('lets whoever waits in for each slot that he may have, also when the one given back goes to another', async () => {
    const slots = new Slots({ count: 5, ofNamespace: 1, reserved: 2 });
    const release = slots.takeFree('a');
    slots.takeFree('b');
    slots.takeFree('c');
    const t = taking(slots, ['b', 'a']);
    expect(await t.got()).toEqual([]);
    // Three are free then: b may have one that is not reserved, and a one of the reserved ones.
    release?.();
    expect(await t.got()).toEqual(['b', 'a']);
  });

  it('lets somebody in for a slot that is given back, once', async () => {
    const slots = new Slots({ count: 1, ofNamespace: 1, reserved: 0 });
    const release = slots.takeFree('a');
    const t = taking(slots, ['b', 'c']);
    release?.();
    release?.();
    expect(await t.got()).toEqual(['b']);
  });

  it('forgets whoever gives up', async () => {
    const slots = new Slots({ count: 1, ofNamespace: 1, reserved: 0 });
    const release = slots.takeFree('a');
    const t = taking(slots, ['b', 'c']);
    t.stop(0);
    expect(slots.waiting).toBe(1);
    release?.();
    expect(await t.got()).toEqual(['b gave up', 'c']);
    const late = new AbortController();
    late.abort();
    expect(await slots.take('d', late.signal)).toBeUndefined();
  });
});
