import { expect, it } from '@jest/globals';
import { isStrictlyInside, parseCidr } from './cidr.ts';

it.each([
  '10.0.0.0/8',
  '0.0.0.0/0',
  '255.255.255.255/32',
  '::/0',
  'fd00::/8',
  '2001:db8::1/128',
  '1:2:3:4:5:6:7:8/64',
  '::ffff:10.0.0.1/120',
  '1111:2222:3333:4444:5555:6666:255.255.255.255/128',
])('reads %s', (text) => {
  expect(parseCidr(text)).toBeDefined();
});

it.each([
  '',
  '/',
  '10.0.0.0',
  '10.0.0/8',
  '10.0.0.256/8',
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '10.0.0.0/8/8',
  '10.0.0.0/08',
  '::/129',
  '1::2::3/64',
  ':/8',
  '1:2:3:4:5:6:7:8:9/64',
  '1:2:3:4:5:6:7::8/64',
  'g::/8',
  '10.0.0.1::/8',
  'a.b.c.d/8',
  `${'1:'.repeat(700_000)}/8`,
])('does not read %p', (text) => {
  expect(parseCidr(text)).toBeUndefined();
});

it.each([
  ['10.1.0.0/16', '10.0.0.0/8', true],
  ['10.0.0.0/8', '10.0.0.0/8', false],
  ['10.0.0.0/7', '10.0.0.0/8', false],
  ['11.0.0.0/16', '10.0.0.0/8', false],
  ['10.0.0.0/16', '0.0.0.0/0', true],
  ['fd00:1::/32', 'fd00::/8', true],
  ['fd00::/16', '0.0.0.0/0', false],
])('%s inside %s: %s', (inner, outer, wanted) => {
  const [a, b] = [parseCidr(inner), parseCidr(outer)];
  expect(a !== undefined && b !== undefined && isStrictlyInside(a, b)).toBe(wanted);
});
