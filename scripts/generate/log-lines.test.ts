import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { logLinesOf, readLogLines } from './log-lines.ts';
import { repositoryRoot } from './root.ts';

it.each([
  ["options.log.info('a');", [{ levels: ['info'], message: 'a', fields: [] }]],
  ["this.#log.error('a', { key, error: text(b) });", [{ levels: ['error'], message: 'a', fields: ['key', 'error'] }]],
  ["log.warn('a', { ...(x === 1 ? {} : { untold }), why });", [{ message: 'a', fields: ['untold', 'why'] }]],
  ["const ports = { webhook: 1 }; log.info('a', { ...ports });", [{ fields: ['webhook'] }]],
  ["const level = x ? 'debug' : 'warn'; log[level]('a');", [{ levels: ['debug', 'warn'] }]],
  ["logOnChange('warn', 'a', { why });", [{ levels: ['warn'], message: 'a', fields: ['why'] }]],
  ["catalog.info('a'); Math.log(1);", []],
])('reads %s', (text, lines) => {
  expect(logLinesOf('a.ts', text)).toMatchObject(lines);
});

it.each(['log.info(text);', 'log.info(`a ${b}`);', "log.info('a', fields);", "log.info('a', { ...given() });"])(
  'refuses %s, of which nobody could list what it says',
  (text) => {
    expect(() => logLinesOf('a.ts', text)).toThrow(/^a\.ts: /);
  },
);

it('the page has every message of the source, and no other', () => {
  const page = readFileSync('docs/reference/logs.md', 'utf8');
  const rows = [...page.matchAll(/^\| [a-z, ]+ \| ([^|`][^|]*) \| [^|]*\|$/gm)].flatMap(([, message = '']) => message);
  const said = readLogLines(repositoryRoot).map(({ message }) => message);
  expect(said.length).toBeGreaterThan(70);
  expect(new Set(rows)).toEqual(new Set(said));
});
