import { expect, it } from '@jest/globals';
import { usableTimeoutMs } from './call-timeout.ts';

const cases: readonly (readonly [string, number])[] = [
  ['/validate?timeout=10s', 9_000],
  ['/validate?timeout=500ms', 450],
  ['/validate?a=b&timeout=2s&c=d', 1_800],
  ['/validate?timeout=1m', 27_000],
  ['/validate', 4_500],
  ['/validate?timeout=', 4_500],
  ['/validate?timeout=0s', 4_500],
  ['/validate?timeout=-3s', 4_500],
  ['/validate?timeout=99999999999s', 4_500],
  ['/validate?notimeout=1s', 4_500],
];

it.each(cases)('leaves a margin: %s gives %d ms', (url, expected) => {
  expect(usableTimeoutMs(url)).toBe(expected);
});
