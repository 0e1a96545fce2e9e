import { describe, expect, it } from '@jest/globals';
import { createFakeClock, settle } from '../kube/testing/fake-clock.ts';
import { createAlarm } from './alarm.ts';

describe('an alarm', () => {
  const clock = createFakeClock();
  const stop = new AbortController();
  const alarm = createAlarm(clock, stop.signal);

  const isOver = async (wait: Promise<void>): Promise<boolean> => {
    let isDone = false;
    void wait.then(() => (isDone = true));
    await settle();
    return isDone;
  };

  it('lets sleep as long as nothing happens, and not longer', async () => {
    const wait = alarm.wait(1_000);
    expect(await isOver(wait)).toBe(false);
    await clock.advance(1_000);
    expect(await isOver(wait)).toBe(true);
  });

  it('wakes when it rings, and does not remember that', async () => {
    const wait = alarm.wait(1_000);
    alarm.ring();
    expect(await isOver(wait)).toBe(true);
    const next = alarm.wait(1_000);
    expect(await isOver(next)).toBe(false);
    alarm.ring();
    await next;
  });

  it('lets nobody sleep who missed it while awake', async () => {
    alarm.ring();
    expect(await isOver(alarm.wait(1_000))).toBe(true);
  });

  it('lets nobody sleep after the end', async () => {
    const wait = alarm.wait(1_000);
    stop.abort();
    expect(await isOver(wait)).toBe(true);
  });
});
