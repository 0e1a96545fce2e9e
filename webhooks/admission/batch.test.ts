import { expect, it } from '@jest/globals';
import { createBatch } from './batch.ts';

/** What is left of the event loop's turn is over. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

it('lets everybody go on in one batch who asked before it', async () => {
  const order: string[] = [];
  const add = createBatch<string>((items) => order.push(items.join(' and ')));
  add('first');
  setImmediate(() => order.push('between'));
  add('second');
  await Promise.resolve();
  expect(order).toEqual([]);
  await turn();
  expect(order).toEqual(['first and second', 'between']);
});

it('has a next batch after each', async () => {
  const batches: (readonly string[])[] = [];
  const add = createBatch<string>((items) => {
    batches.push(items);
    // Who comes meanwhile is in the next one.
    if (items.includes('first')) add('second');
  });
  add('first');
  await turn();
  expect(batches).toEqual([['first']]);
  await turn();
  expect(batches).toEqual([['first'], ['second']]);
});
