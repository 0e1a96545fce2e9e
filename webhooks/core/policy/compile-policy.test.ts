import { describe, expect, it } from '@jest/globals';
import { createPolicyVersion } from '../engine/policy-version.ts';
import type { LabelsOf, Policy } from '../engine/policy.ts';
import { defineRule, type Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { readPolicy } from './read-policy.ts';

const plain: Rule = {
  ...{ id: 'plain', severity: 'warn', summary: 'S.', rationale: 'R.', remedy: 'Do it.' },
  examples: { accepts: [], rejects: [] },
  check: () => none,
};
const strict: Rule = { ...plain, id: 'strict', severity: 'deny' };
const limited: Rule = defineRule({
  ...{ ...plain, id: 'limited', severity: 'deny', isOptIn: true },
  parameters: { most: { type: 'integer', default: 3, help: 'H.' }, least: { type: 'integer', default: 1, help: 'H.' } },
  check: () => none,
});
const rules = [plain, strict, limited];

function compiled(document: Readonly<Record<string, unknown>>, of: readonly Rule[] = rules): Policy {
  const read = readPolicy({ apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy', ...document }, of);
  if (read.type !== 'usable' || read.ignored.length > 0) throw new Error(JSON.stringify(read));
  return read.policy;
}

/** `rule severity {parameters} (because)` of all that judges there. */
function judgingIn(policy: Policy, namespace: string, labelsOf?: LabelsOf): readonly string[] {
  return policy.entriesFor(namespace, labelsOf).map(({ rule, severity, parameters, because }) => {
    const given = Object.keys(parameters).length === 0 ? '' : ` ${JSON.stringify(parameters)}`;
    return `${rule.id} ${severity}${given}${because === undefined ? '' : ` (${because})`}`;
  });
}

describe('a policy', () => {
  it.each<[what: string, document: Readonly<Record<string, unknown>>, judging: readonly string[]]>([
    ['that says nothing leaves every rule as it is', {}, ['plain warn', 'strict deny']],
    [
      'can only listen',
      { extends: 'audit-only' },
      ['plain audit (extends audit-only)', 'strict audit (extends audit-only)'],
    ],
    [
      'changes single rules, and says so',
      { rules: { plain: { action: 'deny' }, strict: { action: 'off' } } },
      ['plain deny (rules)'],
    ],
    [
      'says nothing where it wants what is so anyway',
      { rules: { plain: { action: 'warn' } } },
      ['plain warn', 'strict deny'],
    ],
    [
      'asks for a rule by naming it',
      { rules: { limited: {} } },
      ['plain warn', 'strict deny', 'limited deny {"most":3,"least":1} (rules)'],
    ],
    [
      'asks for a rule that then judges as the profile wants it',
      { extends: 'audit-only', rules: { limited: { parameters: { most: 5 } } } },
      [
        'plain audit (extends audit-only)',
        'strict audit (extends audit-only)',
        'limited audit {"most":5,"least":1} (rules, extends audit-only)',
      ],
    ],
  ])('%s', (_, document, judging) => {
    expect(judgingIn(compiled(document), 'mcp')).toEqual(judging);
  });

  it('leaves a rule off that is switched off, whoever gives it parameters (they switched it on)', () => {
    const off = compiled({
      rules: { limited: { action: 'off' } },
      overrides: [
        { namespaces: ['a*'], rules: { limited: { parameters: { most: 1 } } } },
        { namespaces: ['ab'], rules: { limited: {} } },
      ],
    });
    for (const namespace of ['other', 'a', 'ab']) {
      expect(judgingIn(off, namespace)).toEqual(['plain warn', 'strict deny']);
    }
    const again = compiled({
      overrides: [
        { namespaces: ['a*'], rules: { limited: { action: 'off' } } },
        { namespaces: ['a'], rules: { limited: { parameters: { most: 1 } } } },
      ],
    });
    expect(judgingIn(again, 'a')).toEqual(['plain warn', 'strict deny']);
  });

  it('leaves open what the baseline standard leaves open, and goes on refusing the rest', () => {
    const two = ['run-as-non-root', 'privileged'].map((id): Rule => ({ ...strict, id }));
    expect(judgingIn(compiled({ extends: 'baseline' }, two), 'mcp')).toEqual([
      'run-as-non-root warn (extends baseline)',
      'privileged deny',
    ]);
  });
});

describe('overrides', () => {
  const policy = compiled({
    rules: { limited: { action: 'warn', parameters: { most: 5, least: 2 } } },
    overrides: [
      { namespaces: ['prod-*', 'shop'], rules: { plain: { action: 'deny' }, limited: { parameters: { most: 1 } } } },
      { namespaces: ['prod-eu*'], rules: { plain: { action: 'off' } } },
      { namespaces: ['play'], rules: { limited: { action: 'off' } } },
    ],
  });

  it.each([
    ['tools', ['plain warn', 'strict deny', 'limited warn {"most":5,"least":2} (rules)']],
    [
      'prod-us',
      ['plain deny (overrides[0] prod-*)', 'strict deny', 'limited warn {"most":1,"least":1} (overrides[0] prod-*)'],
    ],
    [
      'shop',
      ['plain deny (overrides[0] shop)', 'strict deny', 'limited warn {"most":1,"least":1} (overrides[0] shop)'],
    ],
    ['prod-eu1', ['strict deny', 'limited warn {"most":1,"least":1} (overrides[0] prod-*)']],
    ['play', ['plain warn', 'strict deny']],
  ])('hold where they say, the last one above those before it: %s', (namespace, judging) => {
    expect(judgingIn(policy, namespace)).toEqual(judging);
  });

  it('are settled once: who is judged alike shares one list, and asking again builds nothing', () => {
    const many = compiled({
      overrides: Array.from({ length: 50 }, (_, index) => ({
        namespaces: [`team-${index}-*`],
        rules: { plain: { action: 'deny' }, limited: { parameters: { most: index } } },
      })),
    });
    const first = many.entriesFor('team-7-a');
    expect(many.entriesFor('team-7-a')).toBe(first);
    expect(many.entriesFor('team-7-b')).toBe(first);
    expect(many.entriesFor('team-8-a')).not.toBe(first);
    expect(many.entriesFor('one')).toBe(many.entriesFor('other'));
  });

  it('forget namespaces when they are more than a cluster has, and go on', () => {
    const sample = policy.entriesFor('prod-us');
    for (let index = 0; index < 25_000; index += 1) policy.entriesFor(`n-${index}`);
    expect(policy.entriesFor('prod-us')).toEqual(sample);
  });
});

describe('overrides by labels', () => {
  const policy = compiled({
    overrides: [
      { namespaceLabels: { stage: 'prod' }, rules: { plain: { action: 'deny' }, strict: { action: 'off' } } },
      { namespaces: ['a*'], namespaceLabels: { stage: 'prod', team: 'x' }, rules: { plain: { action: 'audit' } } },
    ],
  });

  it.each([
    ['that are there', 'b', { stage: 'prod' }, ['plain deny (overrides[0] stage=prod)']],
    ['all of which are there', 'a', { stage: 'prod', team: 'x' }, ['plain audit (overrides[1] stage=prod,team=x)']],
    ['that are others', 'a', { stage: 'test' }, ['plain warn', 'strict deny']],
    ['that nobody wrote', 'a', {}, ['plain warn', 'strict deny']],
  ])('hold by labels %s', (_, namespace, labels, judging) => {
    expect(judgingIn(policy, namespace, () => labels)).toEqual(judging);
  });

  it.each([
    ['nobody may read them', undefined],
    ['nobody could tell', () => undefined],
  ])('do the strictest that is possible, marked, where %s', (_, labelsOf) => {
    expect(judgingIn(policy, 'a', labelsOf)).toEqual([
      'plain deny (overrides[0] stage=prod not checked)',
      'strict deny (overrides[0] stage=prod not checked)',
    ]);
  });

  it.each<[what: string, labels: Readonly<Record<string, string>>, judging: readonly string[]]>([
    ['all of what is asked for', { stage: 'prod' }, ['plain deny (overrides[0] stage=prod)']],
    [
      'none of it',
      {},
      ['plain deny (overrides[0] stage=prod not checked)', 'strict deny (overrides[0] stage=prod not checked)'],
    ],
    [
      'another value',
      { stage: 'test' },
      ['plain deny (overrides[0] stage=prod not checked)', 'strict deny (overrides[0] stage=prod not checked)'],
    ],
  ])('hold by labels that are told, and may hold by those that are not: told is %s', (_, labels, judging) => {
    const labelsOf = Object.assign(() => labels, { isIncomplete: true as const });
    expect(judgingIn(policy, 'b', labelsOf)).toEqual(judging);
  });

  it('do not hold by the name of another namespace, however little is known of this one', () => {
    const named = compiled({
      overrides: [{ namespaceLabels: { 'kubernetes.io/metadata.name': 'prod' }, rules: { plain: { action: 'deny' } } }],
    });
    const labelsOf = Object.assign(() => ({}), { isIncomplete: true as const });
    expect(judgingIn(named, 'test', labelsOf)).toContain('plain warn');
  });

  it('judge by each set of parameters that may be meant', () => {
    const other = compiled({
      rules: { limited: { action: 'warn' } },
      overrides: [{ namespaceLabels: { a: 'b' }, rules: { limited: { action: 'deny', parameters: { most: 9 } } } }],
    });
    expect(judgingIn(other, 'x').filter((line) => line.startsWith('limited'))).toEqual([
      'limited warn {"most":3,"least":1} (overrides[0] a=b not checked)',
      'limited deny {"most":9,"least":1} (overrides[0] a=b not checked)',
    ]);
  });

  it('name the one that made it so, of several that nobody could check (the last one was blamed)', () => {
    const other = compiled({
      rules: { limited: {} },
      overrides: [
        { namespaceLabels: { a: '1' }, rules: { limited: { parameters: { most: 1 } } } },
        { namespaceLabels: { b: '2' }, rules: { limited: { parameters: { most: 2 } }, plain: { action: 'warn' } } },
        { namespaces: ['y'], rules: { limited: { action: 'warn' } } },
        { namespaces: ['z'], rules: { limited: { action: 'warn', parameters: { most: 9 } } } },
      ],
    });
    const severityAnd = (severity: string) => [
      'plain warn',
      'strict deny',
      `limited ${severity} {"most":3,"least":1} (overrides[0] a=1 not checked)`,
      `limited ${severity} {"most":2,"least":1} (overrides[1] b=2 not checked)`,
      `limited ${severity} {"most":1,"least":1} (overrides[0] a=1 not checked)`,
    ];
    expect(judgingIn(other, 'x').toSorted()).toEqual(severityAnd('deny').toSorted());
    expect(judgingIn(other, 'y').toSorted()).toEqual(severityAnd('warn').toSorted());
    expect(judgingIn(other, 'z')).toEqual([
      'plain warn',
      'strict deny',
      'limited warn {"most":9,"least":1} (overrides[3] z)',
    ]);
  });

  it('may want a label that is empty, which is an ordinary one', () => {
    const labelled = compiled({ overrides: [{ namespaceLabels: { mcp: '' }, rules: { plain: { action: 'deny' } } }] });
    expect(judgingIn(labelled, 'x', () => ({ mcp: '' }))).toContain('plain deny (overrides[0] mcp=)');
    expect(judgingIn(labelled, 'x', () => ({}))).toContain('plain warn');
  });

  it('are forgotten when the labels of one namespace change again and again (they filled the heap)', () => {
    const bits = 12;
    const many = compiled({
      overrides: Array.from({ length: bits }, (_, index) => ({
        namespaceLabels: { [`bit-${index}`]: '1' },
        rules: { limited: { parameters: { most: index } } },
      })),
    });
    const labelsAt = (number: number) =>
      Object.fromEntries(Array.from({ length: bits }, (_, bit) => [`bit-${bit}`, String((number >> bit) % 2)]));
    const numbers = Array.from({ length: 2 ** bits }, (_, number) => number);
    const settled = numbers.map((number) => many.entriesFor('one', () => labelsAt(number)));
    // From the newest to the oldest: the first one that is not remembered is settled again, and may be all that is.
    const remembered = numbers.toReversed().filter((number) => {
      const entries = many.entriesFor('one', () => labelsAt(number));
      expect(entries).toEqual(settled[number]);
      return entries === settled[number];
    });
    expect(remembered.length).toBeGreaterThan(0);
    expect(remembered.length * (bits + 2)).toBeLessThanOrEqual(30_000);
  });

  it('are settled in time although nobody knows which of two hundred hold', () => {
    const actions = ['deny', 'warn', 'audit', 'off'];
    const many = compiled({
      overrides: Array.from({ length: 200 }, (_, index) => ({
        namespaceLabels: { number: String(index) },
        rules: { limited: { action: actions[index % 4], parameters: { most: index } } },
      })),
    });
    expect(many.entriesFor('x').length).toBeLessThanOrEqual(2 + 201);
  });

  it('follow labels that change', () => {
    let labels: Readonly<Record<string, string>> = {};
    const severities = () => judgingIn(policy, 'b', () => labels);
    expect(severities()).toEqual(['plain warn', 'strict deny']);
    labels = { stage: 'prod' };
    expect(severities()).toEqual(['plain deny (overrides[0] stage=prod)']);
  });
});

describe('an exemption', () => {
  const entry = { rule: 'strict', namespace: 'mcp', name: 'search', reason: 'R', owner: 'O' };
  const policy = compiled({
    exemptions: [
      { ...entry, expires: '2026-12-31' },
      { ...entry, name: 'other', expires: '2027-02-01' },
    ],
  });
  const stateAt = (now: string, name = 'search') => policy.exemptionOf?.('strict', { namespace: 'mcp', name }, { now });

  it.each([
    ['2026-11-29T12:00:00Z', 'excused', 'exemptions[0] until 2026-12-31'],
    ['2026-12-16T23:59:59Z', 'excused', 'exemptions[0] until 2026-12-31'],
    ['2026-12-17T00:00:00Z', 'ending', 'exemptions[0] until 2026-12-31'],
    ['2026-12-30T23:59:59.999Z', 'ending', 'exemptions[0] until 2026-12-31'],
    ['2026-12-31T00:00:00Z', 'ended', 'exemptions[0] ended 2026-12-31'],
    ['2030-01-01T00:00:00Z', 'ended', 'exemptions[0] ended 2026-12-31'],
  ])('is told for two weeks before it ends, and not before: %s', (now, state, because) => {
    expect(stateAt(now)).toEqual({ state, because });
  });

  it('is of one rule for one object', () => {
    const at = { now: '2026-11-29T12:00:00Z' };
    expect(policy.exemptionOf?.('plain', { namespace: 'mcp', name: 'search' }, at)).toBeUndefined();
    expect(policy.exemptionOf?.('strict', { namespace: 'other', name: 'search' }, at)).toBeUndefined();
    expect(policy.exemptionOf?.('strict', { namespace: 'mcp', name: 'search-2' }, at)).toBeUndefined();
  });

  it('says when the next verdict may be another one', () => {
    const days = ['2026-12-17', '2026-12-31', '2027-01-18', '2027-02-01'].map((day) => `${day}T00:00:00Z`);
    const told: string[] = [];
    for (let next = policy.nextChange?.({ now: '2026-11-29T12:00:00Z' }); next !== undefined;) {
      told.push(next);
      next = policy.nextChange?.({ now: next });
    }
    expect(told).toEqual(days);
  });

  it('counts the longer of two for the same object', () => {
    const two = compiled({
      exemptions: [
        { ...entry, expires: '2027-01-01' },
        { ...entry, expires: '2026-01-01' },
      ],
    });
    expect(two.exemptionOf?.('strict', { namespace: 'mcp', name: 'search' }, { now: '2026-11-29T12:00:00Z' })).toEqual({
      ...{ state: 'excused', because: 'exemptions[0] until 2027-01-01' },
    });
  });
});

describe('the version of a policy', () => {
  const now = '2026-11-29T12:00:00Z';
  const numbers = new Map<string, number>();
  const digest = (text: string): string => {
    numbers.set(text, numbers.get(text) ?? numbers.size);
    return `#${numbers.get(text) ?? ''}`;
  };
  const versionOf = (policy: Policy, namespace: string, name = 'search', at = now) =>
    createPolicyVersion(policy, digest)({ namespace, name }, { now: at });
  const changedIn = (policy: Policy, namespace: string): readonly string[] =>
    Object.keys(versionOf(policy, namespace).digests ?? {});
  const base = compiled({});
  const inProd = compiled({ overrides: [{ namespaces: ['prod'], rules: { plain: { action: 'deny' } } }] });

  it('is the revision of the catalogue alone where every rule judges as it does by itself', () => {
    expect(versionOf(base, 'tools')).toEqual({ revision: 1 });
    const stricter = [plain, { ...strict, stricterIn: 3 }, { ...limited, stricterIn: 2 }];
    expect(versionOf(compiled({}, stricter), 'tools')).toEqual({ revision: 3 });
    expect(versionOf(compiled({ rules: { plain: { action: 'warn' } } }), 'tools')).toEqual({ revision: 1 });
  });

  it('names the rules of which it makes something else, those that it adds and switches off included', () => {
    const rulesOf = { strict: { action: 'off' }, limited: {} };
    expect(changedIn(compiled({ rules: rulesOf }), 'tools')).toEqual(['strict', 'limited']);
    expect(changedIn(compiled({ extends: 'audit-only' }), 'tools')).toEqual(['plain', 'strict']);
  });

  it('is another one where it judges otherwise, and only there', () => {
    expect(changedIn(inProd, 'prod')).toEqual(['plain']);
    expect(versionOf(inProd, 'tools')).toEqual(versionOf(base, 'tools'));
  });

  it('is another one with other parameters', () => {
    const limitedTo = (most: number) => compiled({ rules: { limited: { parameters: { most } } } });
    expect(versionOf(limitedTo(1), 'x')).not.toEqual(versionOf(limitedTo(2), 'x'));
  });

  it('is another one for who is excused, as the end comes, and nobody else', () => {
    const entry = { rule: 'strict', namespace: 'mcp', name: 'search', reason: 'R', owner: 'O', expires: '2026-12-31' };
    const excusing = compiled({ exemptions: [entry] });
    const versions = ['2026-11-29', '2026-12-20', '2027-01-01'].map((day) =>
      JSON.stringify(versionOf(excusing, 'mcp', 'search', `${day}T00:00:00Z`)),
    );
    expect(new Set([JSON.stringify(versionOf(base, 'mcp')), ...versions]).size).toBe(4);
    expect(versionOf(excusing, 'mcp', 'other')).toEqual(versionOf(base, 'mcp', 'other'));
  });

  it('is no other one for another place of the same entry', () => {
    const override = { namespaces: ['prod'], rules: { plain: { action: 'deny' } } };
    const later = compiled({ overrides: [{ namespaces: ['play'], rules: { strict: { action: 'off' } } }, override] });
    expect(versionOf(later, 'prod')).toEqual(versionOf(inProd, 'prod'));
  });

  it('is written once for all that are judged alike', () => {
    const versionFor = createPolicyVersion(inProd, digest);
    const [first, ...others] = ['a', 'b', 'c'].map((name) => versionFor({ namespace: 'prod', name }, { now }));
    for (const other of others) expect(other).toBe(first);
  });
});
