import { describe, expect, it } from '@jest/globals';
import { createLane } from './lane.ts';

describe('a lane', () => {
  it('lets in what fits together, at once', () => {
    const lane = createLane({ maxBytes: 10, maxWaiting: 1 });
    expect([lane.enter(6, 1000), lane.enter(4, 1000)]).toEqual(['in', 'in']);
  });

  it('lets the next in when there is room for it, in order of arrival', async () => {
    const lane = createLane({ maxBytes: 10, maxWaiting: 9 });
    expect(lane.enter(10, 1000)).toBe('in');
    const order: string[] = [];
    const wait = async (name: string, bytes: number): Promise<void> => {
      await lane.enter(bytes, 1000);
      order.push(name);
    };
    const all = [wait('first', 8), wait('second', 2), wait('third', 3)];
    lane.leave(10);
    await Promise.all(all.slice(0, 2));
    expect(order).toEqual(['first', 'second']);
    lane.leave(8);
    await Promise.all(all);
    expect(order).toEqual(['first', 'second', 'third']);
  });

  it('does not let a small one overtake', () => {
    const lane = createLane({ maxBytes: 10, maxWaiting: 9 });
    expect(lane.enter(6, 1000)).toBe('in');
    void lane.enter(8, 5);
    expect(lane.enter(1, 5)).toBeInstanceOf(Promise);
  });

  it('turns away what would wait behind too many', async () => {
    const lane = createLane({ maxBytes: 1, maxWaiting: 1 });
    expect(lane.enter(1, 1000)).toBe('in');
    const waiting = lane.enter(1, 10);
    expect(lane.enter(1, 1000)).toBe('full');
    expect(await waiting).toBe('waited');
  });

  it('turns away what has waited too long, and lets a smaller one behind it in', async () => {
    const lane = createLane({ maxBytes: 10, maxWaiting: 2 });
    expect(lane.enter(6, 1000)).toBe('in');
    const [large, small] = [lane.enter(8, 10), lane.enter(2, 1000)];
    expect([await large, await small]).toEqual(['waited', 'in']);
  });

  it('gives one that is larger than the lane all of it', async () => {
    const lane = createLane({ maxBytes: 10, maxWaiting: 1 });
    expect(lane.enter(50, 1000)).toBe('in');
    const next = lane.enter(10, 1000);
    lane.leave(50);
    expect(await next).toBe('in');
  });
});
