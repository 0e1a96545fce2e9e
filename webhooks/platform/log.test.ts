import { expect, it } from '@jest/globals';
import { createLogger, errorText } from './log.ts';

function lineOf(fields: Record<string, string>): string {
  let written = '';
  createLogger({ level: 'info', write: (line) => (written = line), now: () => new Date(0) }).info('m', fields);
  return written;
}

it('escapes what a terminal would obey or not show, so that it still means the same', () => {
  const text = 'a\u009b31m\u202e\u2028\u{e0041}\ud83e🤖';
  const line = lineOf({ text });
  expect(line).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  expect(JSON.parse(line)).toMatchObject({ text });
});

it('bounds the text of a field', () => {
  expect(lineOf({ text: 'x'.repeat(1_000_000) }).length).toBeLessThan(5_000);
});

it('has a text for whatever was thrown', () => {
  const circle = new Error('round');
  circle.cause = circle;
  expect(errorText(new Error('a', { cause: new Error('b', { cause: 'c' }) }))).toBe('a: b: c');
  expect(errorText({ toString: 0, valueOf: 0 })).toBe('a value of type object');
  expect(errorText(circle)).toMatch(/^round(: round){1,9}$/);
});
