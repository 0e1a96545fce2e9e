import { describe, expect, it } from '@jest/globals';

import { Agenda } from './agenda.ts';
import { createFakeClock } from './kube/testing/fake-clock.ts';

function start(onDue: (key: string, agenda: Agenda) => void = () => undefined) {
  const clock = createFakeClock();
  const due: (readonly [key: string, atMs: number])[] = [];
  const agenda: Agenda = new Agenda({
    clock,
    onDue: (key) => {
      due.push([key, clock.monotonicMs()]);
      onDue(key, agenda);
    },
  });
  return { clock, due, agenda };
}

describe('Agenda', () => {
  it('tells each key at its time, in whatever order they were put down, and once', async () => {
    const { agenda, clock, due } = start();
    for (const [key, ms] of [
      ['c', 300],
      ['a', 100],
      ['d', 400],
      ['b', 200],
    ] as const)
      agenda.set(key, ms);
    await clock.advance(10_000);
    expect(due).toEqual([
      ['a', 100],
      ['b', 200],
      ['c', 300],
      ['d', 400],
    ]);
    expect(clock.sleepers).toBe(0);
  });

  it('tells in turn who is due at the same time', async () => {
    const { agenda, clock, due } = start();
    for (const key of ['a', 'b', 'c', 'd']) agenda.set(key, 100);
    agenda.delete('b');
    await clock.advance(100);
    expect(due.map(([key]) => key)).toEqual(['a', 'c', 'd']);
  });

  it('forgets the time before when a key gets another one', async () => {
    const { agenda, clock, due } = start();
    agenda.set('a', 100);
    agenda.set('b', 50);
    agenda.set('a', 20);
    agenda.set('b', 500);
    await clock.advance(10_000);
    expect(due).toEqual([
      ['a', 20],
      ['b', 500],
    ]);
  });

  it('has one timer at most, and none when nothing is due', async () => {
    const { agenda, clock, due } = start();
    for (let count = 0; count < 100; count += 1) agenda.set(`${count}`, 1_000 - count);
    expect(clock.sleepers).toBe(1);
    for (let count = 0; count < 99; count += 1) agenda.delete(`${count}`);
    expect(clock.sleepers).toBe(1);
    agenda.clear();
    expect(clock.sleepers).toBe(0);
    await clock.advance(10_000);
    expect(due).toEqual([]);
  });

  it('lets a key come again and again, and others with it', async () => {
    const { agenda, clock, due } = start((key, again) => {
      again.set(key, 100);
      again.delete('never');
    });
    agenda.set('a', 100);
    agenda.set('never', 100);
    await clock.advance(350);
    expect(due).toEqual([
      ['a', 100],
      ['a', 200],
      ['a', 300],
    ]);
    agenda.clear();
  });

  it('keeps what no timer can, and what is no time, within the limits of a timer', async () => {
    const { agenda, clock, due } = start();
    agenda.set('no number', NaN);
    agenda.set('past', -5);
    agenda.set('endless', Infinity);
    await clock.advance(60_000);
    expect(due).toEqual([
      ['past', 0],
      ['no number', 60_000],
    ]);
    agenda.clear();
  });
});
