import { describe, expect, it } from '@jest/globals';
import { resolvePlainScalar } from './plain-scalar.ts';

/** Each row as kubectl 1.35.2 read it (`kubectl label --local -f FILE -o json`). */
const rows: readonly (readonly [string, string | number | boolean | null])[] = [
  ['08', 8],
  ['09.5', 9.5],
  ['0777', 511],
  ['0o17', 15],
  ['0b11', 3],
  ['0XFF', 255],
  ['1_000', 1000],
  ['1__0_', 10],
  ['1_0.5', 10.5],
  ['.5', 0.5],
  ['.5_0', 0.5],
  ['._5', '._5'],
  ['1.', 1],
  ['1e3', 1000],
  ['1E+3', 1000],
  ['+1', 1],
  ['-0x10', -16],
  ['12345678901234567890', 12345678901234567000],
  ['123456789012345678901234567890', 1.2345678901234568e29],
  ['1:30', '1:30'],
  ['2001-01-01', '2001-01-01'],
  ['2001-01-01T00:00:00Z', '2001-01-01T00:00:00Z'],
  ['y', true],
  ['n', false],
  ['Y', true],
  ['N', false],
  ['yes', true],
  ['On', true],
  ['OFF', false],
  ['~', null],
  ['Null', null],
  ['NULL', null],
  ['', null],
  ['nULL', 'nULL'],
  ['=', '='],
  ['0x', '0x'],
  ['0_7', 7],
  ['-.5', -0.5],
  ['+.5', 0.5],
  ['1e400', '1e400'],
  ['0o8', '0o8'],
  ['-0', 0],
  ['-0777', -511],
  ['0.0', 0],
  ['tRUE', 'tRUE'],
];

it.each(rows)('reads %s as kubectl does', (source, value) => {
  expect(resolvePlainScalar(source)).toEqual({ type: 'value', value });
});

describe('numbers that JSON does not have', () => {
  it.each(['.inf', '-.INF', '+.Inf', '.nan', '.NaN'])('%s is none', (source) => {
    expect(resolvePlainScalar(source)).toEqual({ type: 'not a JSON number' });
  });

  it('a hexadecimal number of more than 64 bits is a text', () => {
    expect(resolvePlainScalar('0x1ffffffffffffffff')).toEqual({ type: 'value', value: '0x1ffffffffffffffff' });
  });
});
