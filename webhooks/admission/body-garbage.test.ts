import { getHeapStatistics } from 'node:v8';
import { expect, it } from '@jest/globals';
import { pieceRead } from './body-garbage.ts';

const mebibyte = 1024 * 1024;
const piece = 16 * 1024;

it('pieces that waited for room until they were old are freed with those that come later, not at 64 MiB', () => {
  let waiting: Buffer[] = [];
  const read = (): void => {
    const one = Buffer.allocUnsafeSlow(piece);
    waiting.push(one);
    pieceRead(one);
  };
  const before = getHeapStatistics().external_memory;
  let most = 0;
  // Eight MiB at a time wait, outlive the young generation, and are needed no more when the next ones come.
  for (let round = 0; round < 12; round += 1) {
    for (let count = 0; count * piece < 8 * mebibyte; count += 1) read();
    waiting = [];
    most = Math.max(most, getHeapStatistics().external_memory - before);
  }
  expect(most).toBeLessThan(30 * mebibyte);
});
