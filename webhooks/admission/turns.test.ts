import { expect, it } from '@jest/globals';
import { createTurns } from './turns.ts';

it('lets everybody go on in one turn who asked before it', async () => {
  const turn = createTurns();
  expect(turn()).toBe(turn());
  const order: string[] = [];
  const wait = async (name: string): Promise<void> => {
    await turn();
    order.push(name);
  };
  const first = wait('first');
  setImmediate(() => order.push('between'));
  const second = wait('second');
  await Promise.resolve();
  expect(order).toEqual([]);
  await Promise.all([first, second]);
  await turn();
  expect(order).toEqual(['first', 'second', 'between']);
});

it('has a next turn after each', async () => {
  const turn = createTurns();
  await turn();
  let isOver = false;
  const second = turn().then(() => (isOver = true));
  await Promise.resolve();
  expect(isOver).toBe(false);
  await second;
  expect(isOver).toBe(true);
});
