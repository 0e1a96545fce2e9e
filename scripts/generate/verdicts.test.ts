import { describe, expect, it } from '@jest/globals';
import type { Example, Rule } from '../../webhooks/core/engine/rule.ts';
import { none } from '../../webhooks/core/engine/violations.ts';
import { rules } from '../../webhooks/core/rules/index.gen.ts';
import { findForgotten, judgeAll, parseVerdicts, renderVerdicts } from './verdicts.ts';

const many: Example = { title: 'many', spec: { runtime: { replicas: 9 } } };
const few: Example = { title: 'few', spec: { runtime: { replicas: 3 } } };

/** Warns of more replicas than that. */
const limit = (most: number, change: Partial<Rule> = {}): Rule => ({
  ...{ id: 'limit', severity: 'warn', summary: 'S.', rationale: 'R.', remedy: 'Do it.' },
  examples: { accepts: [few], rejects: [many] },
  check: ({ server }) =>
    (server.spec.runtime?.replicas ?? 1) > most
      ? [{ path: ['spec', 'runtime', 'replicas'], headline: 'many', detail: 'found many' }]
      : none,
  ...change,
});
const other: Rule = { ...limit(1_000), id: 'other' };

/** What is said when the rules become these. */
const after = (before: readonly Rule[], now: readonly Rule[]): readonly string[] =>
  findForgotten(parseVerdicts(renderVerdicts(judgeAll(before))), judgeAll(now), now);

describe('a rule that names no later revision', () => {
  it.each<[string, readonly Rule[], readonly Rule[], readonly unknown[]]>([
    ['is what it was', [limit(5)], [limit(5)], []],
    ['is looser', [limit(2)], [limit(5)], []],
    ['is said in other words', [limit(5)], [limit(5, { remedy: 'Do that.' })], []],
    [
      'has another example',
      [limit(5)],
      [limit(5, { examples: { accepts: [], rejects: [many, { ...many, spec: { runtime: { replicas: 8 } } }] } })],
      [],
    ],
    ['is gone', [limit(5), other], [other], []],
    [
      'finds more',
      [limit(5)],
      [limit(2)],
      [expect.stringMatching(/^Rule limit finds more than it did in the example of limit: few: say stricterIn: 2 /)],
    ],
    ['refuses', [limit(5)], [limit(5, { severity: 'deny' })], [expect.stringContaining('denies what it warned about')]],
    [
      'judges unasked',
      [limit(5, { isOptIn: true })],
      [limit(5)],
      [expect.stringContaining('judges without being asked')],
    ],
    ['is new', [other], [limit(5), other], [expect.stringContaining('limit is new')]],
    [
      'finds more once again',
      [limit(5, { stricterIn: 4 })],
      [limit(2, { stricterIn: 4 })],
      [expect.stringContaining('say stricterIn: 5 ')],
    ],
  ])('is told so if it %s', (_, before, now, told) => {
    expect(after(before, now)).toEqual(told);
  });

  it('is told of nothing when it names one', () => {
    expect(after([limit(5)], [limit(2, { severity: 'deny', stricterIn: 2 })])).toEqual([]);
    expect(after([other], [limit(5, { stricterIn: 2 }), other])).toEqual([]);
  });
});

it('most rules are seen to find something in servers that are no examples of theirs', () => {
  const { servers, titles } = judgeAll(rules);
  const seen = new Set(
    [...servers].flatMap(([print, found]) =>
      titles.get(print)?.startsWith('the example') === true ? [] : [...found.keys()],
    ),
  );
  expect(seen.size).toBeGreaterThan(15);
});

it('what is written is what is read', () => {
  const { titles, ...written } = judgeAll(rules);
  expect(titles.size).toBeGreaterThan(rules.length * 5);
  expect(parseVerdicts(renderVerdicts(judgeAll(rules)))).toEqual({ ...written, titles: new Map() });
});
