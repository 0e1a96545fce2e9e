import { expect, it } from '@jest/globals';
import { createTurns } from './turns.ts';

it('lets everybody go on in one turn who asked before it', async () => {
  const turn = createTurns();
  const order: string[] = [];
  const wait = async (name: string): Promise<void> => {
    await turn();
    order.push(name);
  };
  const both = Promise.all([wait('first'), wait('second')]);
  setImmediate(() => order.push('the turn is over'));
  await both;
  expect(order).toEqual(['first', 'second']);
});

it('has a next turn after each', async () => {
  const turn = createTurns();
  const first = turn();
  await first;
  const second = turn();
  expect(second).not.toBe(first);
  await expect(second).resolves.toBeUndefined();
});
