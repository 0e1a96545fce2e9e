import { expect, it } from '@jest/globals';
import { createBatch } from './batch.ts';

it('lets everybody go on in one batch who asked before it', async () => {
  const nextBatch = createBatch();
  expect(nextBatch()).toBe(nextBatch());
  const order: string[] = [];
  const wait = async (name: string): Promise<void> => {
    await nextBatch();
    order.push(name);
  };
  const first = wait('first');
  setImmediate(() => order.push('between'));
  const second = wait('second');
  await Promise.resolve();
  expect(order).toEqual([]);
  await Promise.all([first, second]);
  await nextBatch();
  expect(order).toEqual(['first', 'second', 'between']);
});

it('has a next batch after each', async () => {
  const nextBatch = createBatch();
  await nextBatch();
  let isOver = false;
  const second = nextBatch().then(() => (isOver = true));
  await Promise.resolve();
  expect(isOver).toBe(false);
  await second;
  expect(isOver).toBe(true);
});
