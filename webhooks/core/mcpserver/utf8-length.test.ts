import { expect, it } from '@jest/globals';
import { utf8Length } from './utf8-length.ts';

it.each([
  '',
  'plain',
  'é',
  '€uro',
  '😀',
  'a😀b',
  '\ud83d',
  '\ude00',
  '\ud83d\ud83d\ude00',
  'x\ud83d',
  '\ude00\ud83d',
  '\uffff\u07ff\u0800\u0080\u007f',
])('counts the bytes of %p', (text) => {
  expect(utf8Length(text)).toBe(new TextEncoder().encode(text).byteLength);
});
