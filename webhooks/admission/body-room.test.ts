import { describe, expect, it } from '@jest/globals';
import { createBodyRoom } from './body-room.ts';

describe('a room', () => {
  it('lets in what fits together, at once', () => {
    const room = createBodyRoom({ maxBytes: 10, maxWaiting: 1 });
    expect([room.enter(6, 1000), room.enter(4, 1000)]).toEqual(['in', 'in']);
  });

  it('lets the next in when there is room for it, in order of arrival', async () => {
    const room = createBodyRoom({ maxBytes: 10, maxWaiting: 9 });
    expect(room.enter(10, 1000)).toBe('in');
    const order: string[] = [];
    const wait = async (name: string, bytes: number): Promise<void> => {
      await room.enter(bytes, 1000);
      order.push(name);
    };
    const all = [wait('first', 8), wait('second', 2), wait('third', 3)];
    room.leave(10);
    await Promise.all(all.slice(0, 2));
    expect(order).toEqual(['first', 'second']);
    room.leave(8);
    await Promise.all(all);
    expect(order).toEqual(['first', 'second', 'third']);
  });

  it('does not let a small one overtake', () => {
    const room = createBodyRoom({ maxBytes: 10, maxWaiting: 9 });
    expect(room.enter(6, 1000)).toBe('in');
    void room.enter(8, 5);
    expect(room.enter(1, 5)).toBeInstanceOf(Promise);
  });

  it('turns away what would wait behind too many', async () => {
    const room = createBodyRoom({ maxBytes: 1, maxWaiting: 1 });
    expect(room.enter(1, 1000)).toBe('in');
    const waiting = room.enter(1, 10);
    expect(room.enter(1, 1000)).toBe('full');
    expect(await waiting).toBe('waited');
  });

  it('turns away what has waited too long, and lets a smaller one behind it in', async () => {
    const room = createBodyRoom({ maxBytes: 10, maxWaiting: 2 });
    expect(room.enter(6, 1000)).toBe('in');
    const [large, small] = [room.enter(8, 10), room.enter(2, 1000)];
    expect([await large, await small]).toEqual(['waited', 'in']);
  });

  it('gives one that is larger than the room all of it', async () => {
    const room = createBodyRoom({ maxBytes: 10, maxWaiting: 1 });
    expect(room.enter(50, 1000)).toBe('in');
    const next = room.enter(10, 1000);
    room.leave(50);
    expect(await next).toBe('in');
  });
});
