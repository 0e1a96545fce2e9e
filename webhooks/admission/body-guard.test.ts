import { expect, it } from '@jest/globals';
import { guardBody, maxDepth, maxTokens } from './body-guard.ts';

/** Blanks after the text, so that it is long enough to be read. */
const long = (text: string): string => `${' '.repeat(maxTokens)}${text}`;

const cases: readonly (readonly [string, string, ReturnType<typeof guardBody>])[] = [
  ['an ordinary object', long('{"a":[1,2,{"b":null}]}'), 'fine'],
  ['nothing', long(''), 'fine'],
  ['what is no JSON at all', long('<html>'), 'fine'],
  ['as many values as allowed', `[${'1,'.repeat(maxTokens - 1)}1]`, 'fine'],
  ['one value more', `[${'1,'.repeat(maxTokens)}1]`, 'too many values'],
  ['millions of empty lists', '[],'.repeat(2_000_000), 'too many values'],
  ['objects that are never closed', long('{"a":'.repeat(maxDepth)), 'fine'],
  ['one level too deep', long('['.repeat(maxDepth + 1)), 'too deep'],
  ['brackets and commas in a text', `"${'[{,'.repeat(maxTokens)}"`, 'fine'],
  ['brackets after an escaped quote, in a text', long(`"\\"${'['.repeat(maxDepth + 1)}"`), 'fine'],
  ['brackets after a text that ends in a backslash', long(`"\\\\"${'['.repeat(maxDepth + 1)}`), 'too deep'],
  ['a text that never ends', long(`"${'['.repeat(maxDepth + 1)}`), 'fine'],
  ['a short body as deep as it can be', '['.repeat(maxTokens), 'fine'],
  ['many lists beside each other', long('[],'.repeat(1000)), 'fine'],
];

it.each(cases)('finds %s to be as it is', (_, body, verdict) => {
  expect(guardBody(Buffer.from(body))).toBe(verdict);
});
