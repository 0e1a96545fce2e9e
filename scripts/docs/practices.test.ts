import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

const rows = [
  ...readFileSync('docs/decisions/0098-the-practices-one-by-one.md', 'utf8').matchAll(
    /^\| (\d+) \| [^|]+ \| ([^|]+) \|$/gm,
  ),
].map(([, number, proof = '']) => ({ number: Number(number), proof }));

const tests = (text: string): readonly string[] =>
  [...text.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, path = '']) => path);

it('all hundred practices are there, in order', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, place) => place + 1));
});

it.each(rows)('practice $number names tests that exist, or says why it is not done', ({ proof }) => {
  expect(tests(proof).filter((path) => !existsSync(path))).toEqual([]);
  if (tests(proof).length === 0) expect(proof.length).toBeGreaterThan(60);
});
