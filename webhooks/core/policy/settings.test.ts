import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { defineRule, type Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { compilePolicy } from './compile-policy.ts';
import { readPolicy } from './read-policy.ts';

const demanding: Rule = defineRule({
  ...{ id: 'demanding', severity: 'deny', summary: 'S.', rationale: 'R.', remedy: 'Do it.', isOptIn: true },
  examples: { accepts: [], rejects: [] },
  parameters: { allowed: { type: 'strings', help: 'H.' }, most: { type: 'integer', default: 1, help: 'H.' } },
  check: (_input, { allowed }) => (allowed.length > 0 ? none : none),
});
const rules = [demanding];
const head = { apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy' } as const;

const aNamed = fc.record(
  {
    action: fc.constantFrom('deny', 'warn', 'audit', 'off'),
    parameters: fc.constantFrom({}, { most: 2 }, { allowed: ['a'] }, { allowed: [], most: 3 }),
  },
  { requiredKeys: [] },
);
const anOverride = fc.tuple(
  fc.constantFrom({ namespaces: ['a*'] }, { namespaces: ['ab'] }, { namespaceLabels: { a: 'b' } }),
  aNamed,
);

describe('a rule that needs a parameter', () => {
  it('has it wherever it judges, by whatever entries that are accepted', () => {
    let usable = 0;
    fc.assert(
      fc.property(fc.option(aNamed, { nil: undefined }), fc.array(anOverride, { maxLength: 4 }), (named, overrides) => {
        const read = readPolicy(
          {
            ...head,
            ...(named === undefined ? {} : { rules: { demanding: named } }),
            overrides: overrides.map(([where, one]) => ({ ...where, rules: { demanding: one } })),
          },
          rules,
        );
        if (read.type === 'unusable') return;
        usable += 1;
        for (const namespace of ['a', 'ab', 'c']) {
          for (const labels of [undefined, { a: 'b' }]) {
            for (const { parameters } of read.policy.entriesFor(namespace, () => labels)) {
              expect(parameters).toHaveProperty('allowed', expect.any(Array));
            }
          }
        }
      }),
      { numRuns: 1_000 },
    );
    expect(usable).toBeGreaterThan(100);
  });

  it('does as the entry before said where an entry would let it judge without (it threw for each server)', () => {
    const policy = compilePolicy(
      {
        ...{ ...head, extends: undefined, compatibility: undefined, exemptions: undefined },
        rules: { demanding: { action: 'deny', parameters: { allowed: ['a'] } } },
        overrides: [
          {
            ...{ namespaces: ['a*'], namespaceLabels: undefined },
            rules: { demanding: { action: 'warn', parameters: {} } },
          },
        ],
      },
      rules,
    );
    expect(policy.entriesFor('ab')).toEqual([
      {
        ...{ rule: demanding, severity: 'deny', holdsBack: false, because: 'rules' },
        parameters: { allowed: ['a'], most: 1 },
      },
    ]);
    const alone = compilePolicy(
      {
        ...{ ...head, extends: undefined, compatibility: undefined, exemptions: undefined, overrides: undefined },
        rules: { demanding: { action: 'deny', parameters: undefined } },
      },
      rules,
    );
    expect(alone.entriesFor('ab')).toEqual([]);
  });
});

describe('what a profile makes of a rule', () => {
  const refusing: Rule = defineRule({
    ...{ id: 'run-as-non-root', severity: 'deny', summary: 'S.', rationale: 'R.', remedy: 'Do it.' },
    ...{ examples: { accepts: [], rejects: [] }, parameters: {} },
    check: () => none,
  });
  const becauseOf = (document: object, rule: Rule): string | undefined => {
    const none = {
      ...head,
      extends: undefined,
      compatibility: undefined,
      rules: undefined,
      overrides: undefined,
      exemptions: undefined,
    };
    const parameters = { demanding: { action: undefined, parameters: { allowed: ['a'] } } };
    const [entry] = compilePolicy({ ...none, rules: parameters, ...document }, [rule]).entriesFor('ab');
    return entry?.because;
  };

  it.each<[what: string, document: object, rule: Rule, because: string | undefined]>([
    ['the profile (nobody was named)', { extends: 'baseline' }, refusing, 'extends baseline'],
    ['the profile, of every rule', { extends: 'audit-only' }, refusing, 'extends audit-only'],
    ['nobody, where the profile leaves it as it is', { extends: 'restricted' }, refusing, undefined],
    [
      'the entry, where that has the last word',
      { extends: 'audit-only', rules: { 'run-as-non-root': { action: 'warn', parameters: undefined } } },
      refusing,
      'rules',
    ],
    [
      'both, where an entry leaves the action to the profile',
      { extends: 'audit-only' },
      demanding,
      'rules, extends audit-only',
    ],
  ])('is said to be of %s', (_, document, rule, because) => {
    expect(becauseOf(document, rule)).toBe(because);
  });
});
