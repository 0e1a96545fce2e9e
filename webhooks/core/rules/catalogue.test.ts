import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { applyDefaults } from '../defaults/apply.ts';
import { maxWarningLength, renderWarning } from '../engine/render.ts';
import { lengthOf } from '../engine/text.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { judgeExample } from '../testing/judge-example.ts';
import { rules } from './index.gen.ts';

/** The files that declare a rule; others hold what rules share. */
const files = readdirSync(import.meta.dirname)
  .filter((name) => /(?<!\.test|\.gen)\.ts$/.test(name))
  .filter((name) => readFileSync(`${import.meta.dirname}/${name}`, 'utf8').includes(': Rule = '));

it('lists every rule of the folder', () => {
  expect(rules.map(({ id }) => `${id}.ts`).sort()).toEqual(files.sort());
});

describe.each(rules.map((rule) => [rule.id, rule] as const))('%s', (_, rule) => {
  it.each(rule.examples.accepts.map((example) => [example.title, example] as const))(
    'accepts %s',
    (_title, example) => {
      expect(judgeExample(rule, example, applyDefaults)).toEqual([]);
    },
  );

  it.each(rule.examples.rejects.map((example) => [example.title, example] as const))(
    'rejects %s',
    (_title, example) => {
      const findings = judgeExample(rule, example, applyDefaults);
      expect(findings).not.toEqual([]);
      for (const finding of findings) {
        expect(finding).toMatchObject({ ruleId: rule.id, severity: rule.severity });
        expect(finding.path.length).toBeGreaterThan(1);
        expect(finding.headline.length).toBeLessThanOrEqual(100);
        expect(`${finding.headline}|${finding.detail}`).not.toMatch(/\.(\||$)/);
        expect(finding.remedy).toMatch(/^[A-Z].*\.$/);
        expect(lengthOf(renderWarning(finding))).toBeLessThanOrEqual(maxWarningLength);
        // What kubectl prints as a warning can be looked up: its path is whole.
        if (rule.severity === 'warn') expect(renderWarning(finding)).toContain(`${renderPath(finding.path)}: `);
      }
    },
  );

  it('says what must hold, why and what to do in whole sentences', () => {
    for (const text of [rule.summary, rule.rationale, rule.remedy]) expect(text).toMatch(/\.$/);
    expect(rule.id).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });

  it('has samples of both kinds, each under its own title', () => {
    const { accepts, rejects } = rule.examples;
    const titles = [...accepts, ...rejects].map(({ title }) => title);
    expect(accepts.length).toBeGreaterThan(0);
    expect(rejects.length).toBeGreaterThan(0);
    expect(new Set(titles).size).toBe(titles.length);
  });
});
