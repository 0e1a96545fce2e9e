import { expect, it } from '@jest/globals';
import { renderPath } from '../mcpserver/violation.ts';
import type { FieldPath } from '../mcpserver/violation.ts';
import { anMCPServer } from '../testing/builders.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { evaluate } from './evaluate.ts';
import { atOwnSeverity } from './policy.ts';
import type { Rule } from './rule.ts';

const aRule = (id: string, paths: readonly FieldPath[], remedy?: string): Rule => ({
  id,
  severity: 'warn',
  summary: 'S.',
  rationale: 'R.',
  remedy: 'Do it.',
  examples: { accepts: [], rejects: [] },
  check: () => paths.map((path) => ({ path, headline: 'h', detail: 'd', ...(remedy === undefined ? {} : { remedy }) })),
});
const input = { server: anMCPServer(), facts: inMemoryFacts() };

it('orders findings by place, list items by number, then by rule', () => {
  const env = ['spec', 'config', 'env'];
  const rules = [
    aRule('b', [[...env, 10], [...env, 2, 'name'], ['spec']]),
    aRule('a', [
      [...env, 2],
      [...env, 10],
    ]),
  ];
  expect(evaluateRules(rules, input).map(({ path, ruleId }) => `${renderPath(path)} ${ruleId}`)).toEqual([
    'spec b',
    'spec.config.env[2] a',
    'spec.config.env[2].name b',
    'spec.config.env[10] a',
    'spec.config.env[10] b',
  ]);
});

it.each([2, 15, 16, 17, 40])('orders %d findings, and those of one place by rule', (count) => {
  // All of them, in steps that are a divisor of none.
  const numbers = Array.from({ length: count }, (_, index) => (index * 7) % count);
  const paths = numbers.map((number) => ['spec', 'config', 'env', number]);
  const findings = evaluateRules([aRule('b', paths), aRule('a', paths)], input);
  expect(findings.map(({ path, ruleId }) => `${path.at(-1) ?? ''} ${ruleId}`)).toEqual(
    Array.from({ length: count }, (_, number) => [`${number} a`, `${number} b`]).flat(),
  );
});

it('asks no other rules than those that are named', () => {
  const unasked: Rule = {
    ...aRule('b', []),
    check: () => {
      throw new Error('asked');
    },
  };
  const policy = atOwnSeverity([unasked, aRule('a', [['spec']])]);
  const findings = evaluate(
    { ...input, references: [] },
    { policy, now: '2026-11-29T12:00:00Z', only: new Set(['a']) },
  );
  expect(findings.map(({ ruleId }) => ruleId)).toEqual(['a']);
});

it("gives each finding its rule's severity and remedy, unless the violation knows a better one", () => {
  const [first] = evaluateRules([aRule('a', [['spec']])], input);
  const [second] = evaluateRules([aRule('a', [['spec']], 'Do that.')], input);
  expect(first).toEqual({
    ruleId: 'a',
    severity: 'warn',
    path: ['spec'],
    headline: 'h',
    detail: 'd',
    remedy: 'Do it.',
  });
  expect(second).toMatchObject({ remedy: 'Do that.' });
});

it('marks what a rule could not look at, whatever it says about it', () => {
  const rule = (isUnchecked: boolean): Rule => {
    const violation = { path: ['spec'], headline: 'h', detail: 'not checked' };
    return { ...aRule('a', []), check: () => [isUnchecked ? { ...violation, isUnchecked: true } : violation] };
  };
  expect(evaluateRules([rule(true)], input)).toEqual([expect.objectContaining({ isUnchecked: true })]);
  expect(evaluateRules([rule(false)], input)).toEqual([expect.not.objectContaining({ isUnchecked: true })]);
});

it('marks what holds a roll-out back, and not what a rule could not look at', () => {
  const rule = (isUnchecked: boolean): Rule => {
    const violation = { path: ['spec'], headline: 'h', detail: 'd' };
    return {
      ...aRule('a', []),
      holdsBack: true,
      check: () => [isUnchecked ? { ...violation, isUnchecked: true } : violation],
    };
  };
  expect(evaluateRules([rule(false)], input)).toEqual([expect.objectContaining({ holdsBack: true })]);
  expect(evaluateRules([rule(true)], input)).toEqual([expect.not.objectContaining({ holdsBack: true })]);
});
