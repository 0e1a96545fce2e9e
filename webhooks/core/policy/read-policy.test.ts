import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { defineRule, type Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { documentShape } from './document.ts';
import { renderPolicyProblem } from './problem.ts';
import { readPolicy } from './read-policy.ts';

const plain: Rule = {
  ...{ id: 'plain', severity: 'warn', summary: 'S.', rationale: 'R.', remedy: 'Do it.' },
  examples: { accepts: [], rejects: [] },
  check: () => none,
};
const mandatory: Rule = { ...plain, id: 'mandatory', severity: 'deny', isMandatory: true };
const holding: Rule = { ...plain, id: 'holding', holdsBack: true };
const demanding: Rule = defineRule({
  ...{ ...plain, id: 'demanding', severity: 'deny', isOptIn: true },
  parameters: {
    allowed: { type: 'strings', help: 'What is allowed.' },
    most: { type: 'integer', default: 3, minimum: 1, maximum: 10, help: 'How many.' },
    size: { type: 'quantity', default: '1Gi', help: 'How large.' },
    isStrict: { type: 'boolean', default: false, help: 'Whether it is.' },
    mode: { type: 'text', default: 'a', choices: ['a', 'b'], help: 'Which.' },
    labels: { type: 'map', isOptional: true, help: 'Which labels.' },
  },
  check: (_input, { allowed, most, labels }) => (allowed.length > most || labels === undefined ? none : none),
});
const rules = [plain, mandatory, holding, demanding];

const head = { apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy' };
const exemption = {
  ...{ rule: 'plain', namespace: 'mcp', name: 'search', reason: 'vendor image', owner: 'team-search' },
  expires: '2026-12-31',
};

/** A policy that says something of everything. */
const whole = {
  ...head,
  extends: 'baseline',
  rules: {
    plain: { action: 'deny' },
    holding: { action: 'audit' },
    demanding: {
      action: 'warn',
      parameters: { allowed: ['x'], most: 10, size: 2, isStrict: true, mode: 'b', labels: { team: '^a' } },
    },
  },
  overrides: [
    { namespaces: ['prod-*', 'mcp'], rules: { plain: { action: 'off' } } },
    { namespaceLabels: { stage: 'prod' }, rules: { demanding: { parameters: { allowed: [] } } } },
  ],
  exemptions: [exemption],
};

function pathsOf(raw: unknown): { readonly wrong: readonly string[]; readonly ignored: readonly string[] } {
  const read = readPolicy(raw, rules);
  const wrong = read.type === 'unusable' ? read.problems : [];
  return {
    wrong: wrong.map(({ path }) => renderPath(path)),
    ignored: read.ignored.map(({ path }) => renderPath(path)),
  };
}

describe('reading a policy', () => {
  it.each([
    ['the smallest one', head],
    ['one that says something of everything', whole],
    ['off as YAML reads it, which is false', { ...head, rules: { plain: { action: false } } }],
    ['one whose empty fields are null, as templates leave them', { ...head, rules: null, overrides: null }],
  ])('takes %s', (_, raw) => {
    expect(pathsOf(raw)).toEqual({ wrong: [], ignored: [] });
  });

  it.each<[what: string, raw: unknown, wrong: readonly string[]]>([
    ['is no object', [], ['']],
    ['is nothing', undefined, ['']],
    ['is of another kind', { ...head, kind: 'ClusterPolicy' }, ['kind']],
    ['is of another version', { kind: 'Policy', apiVersion: 'v1' }, ['apiVersion']],
    ['does not say what it is', {}, ['apiVersion', 'kind']],
    ['has a field that is none', { ...head, exemption: [] }, ['exemption']],
    ['extends what is no profile', { ...head, extends: 'privileged' }, ['extends']],
    ['has an action that is none', { ...head, rules: { plain: { action: 'block' } } }, ['rules.plain.action']],
    ['says nothing of a rule', { ...head, rules: { plain: null } }, ['rules.plain']],
    ['has a text for rules', { ...head, rules: 'all' }, ['rules']],
    ['overrides nowhere', { ...head, overrides: [{ rules: {} }] }, ['overrides[0]']],
    ['overrides in no namespace', { ...head, overrides: [{ namespaces: [], rules: {} }] }, ['overrides[0].namespaces']],
    [
      'overrides in what is no namespace',
      { ...head, overrides: [{ namespaces: ['Prod', 'a/b'], rules: {} }] },
      ['overrides[0].namespaces[0]', 'overrides[0].namespaces[1]'],
    ],
    [
      'excuses by a pattern',
      {
        ...head,
        exemptions: [
          { ...exemption, name: '*' },
          { ...exemption, namespace: 'prod-*' },
        ],
      },
      ['exemptions[0].name', 'exemptions[1].namespace'],
    ],
    ['excuses by labels', { ...head, exemptions: [{ ...exemption, labels: { a: 'b' } }] }, ['exemptions[0].labels']],
    [
      'excuses for ever',
      { ...head, exemptions: [{ ...exemption, expires: undefined, reason: '' }] },
      ['exemptions[0].reason', 'exemptions[0].expires'],
    ],
    [
      'excuses until no day',
      { ...head, exemptions: [{ ...exemption, expires: '2026-02-30' }] },
      ['exemptions[0].expires'],
    ],
    [
      'has parameters of other types',
      {
        ...head,
        rules: {
          demanding: {
            parameters: { allowed: 'x', most: 11, size: '1 GB', isStrict: 'yes', mode: 'c', labels: { a: 1 } },
          },
        },
      },
      ['allowed', 'most', 'size', 'isStrict', 'mode', 'labels.a'].map((name) => `rules.demanding.parameters.${name}`),
    ],
    [
      'lets a rule judge without what it needs',
      { ...head, rules: { demanding: { action: 'deny' } } },
      ['rules.demanding.parameters.allowed'],
    ],
    [
      'chooses namespaces by no label at all, which would be all of them',
      { ...head, overrides: [{ namespaceLabels: {}, rules: {} }] },
      ['overrides[0].namespaceLabels'],
    ],
    [
      'takes the parameters that a rule needs away where it is off, so that a later override lets it judge without (it threw)',
      {
        ...head,
        rules: { demanding: { action: 'deny', parameters: { allowed: ['a'] } } },
        overrides: [
          { namespaces: ['dev-*'], rules: { demanding: { action: 'off', parameters: {} } } },
          { namespaces: ['dev-a'], rules: { demanding: { action: 'deny' } } },
        ],
      },
      ['overrides[0].rules.demanding.parameters.allowed'],
    ],
    [
      'lets a rule judge in one namespace without what it needs',
      { ...head, overrides: [{ namespaces: ['a'], rules: { demanding: { action: 'deny' } } }] },
      ['overrides[0].rules.demanding.parameters.allowed'],
    ],
  ])('says everything about one that %s', (_, raw, wrong) => {
    expect(pathsOf(raw)).toEqual({ wrong, ignored: [] });
  });

  it('tells apart what it does not know or will not do, and goes on without', () => {
    const raw = {
      ...head,
      rules: {
        unheard: { action: 'deny' },
        schema: { action: 'off' },
        mandatory: { action: 'audit' },
        holding: { action: 'off' },
        plain: { action: 'deny', parameters: { colour: 'red' } },
      },
      exemptions: [
        { ...exemption, rule: 'unheard' },
        { ...exemption, rule: 'mandatory' },
      ],
    };
    const read = readPolicy(raw, rules);
    expect(read.ignored.map(({ path }) => renderPath(path))).toEqual([
      'rules.unheard',
      'rules.schema',
      'rules.plain.parameters.colour',
      'rules.mandatory.action',
      'rules.holding.action',
      'exemptions[0].rule',
      'exemptions[1].rule',
    ]);
    if (read.type !== 'usable') throw new Error('unusable');
    const made = read.policy.entriesFor('mcp').map(({ rule, severity }) => `${rule.id} ${severity}`);
    expect(made).toEqual(['plain deny', 'mandatory deny', 'holding audit']);
    expect(read.policy.exemptionOf).toBeUndefined();
  });

  it('says it in lines that nothing breaks out of, however long it is', () => {
    const read = readPolicy({ ...head, extends: 'a\nb\u202E'.repeat(10_000), ['x\n'.repeat(500)]: 1 }, rules);
    const lines = (read.type === 'unusable' ? read.problems : []).map(renderPolicyProblem);
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).toMatch(/^[^\n\u202E]+\.$/);
      expect(line.length).toBeLessThan(700);
    }
  });

  it('keeps a hundred problems of ten thousand', () => {
    const fields = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`f${index}`, 1]));
    expect(pathsOf({ ...head, ...fields }).wrong).toHaveLength(100);
  });
});

/** What somebody may write where the whole policy has something. */
const anyPart = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom('deny', '*', 'prod-*', '2026-12-31', '__proto__', 'constructor', 'plain', 1e300, -0, ''),
  fc.anything(),
);

/** The whole policy, with something else at one of its places. */
const mutated = fc.tuple(fc.nat(), anyPart).map(([at, part]) => {
  let left = at;
  const change = (value: unknown): unknown => {
    left -= 1;
    if (left === 0) return part;
    if (Array.isArray(value)) return value.map(change);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, change(one)]));
  };
  left = (left % 60) + 1;
  return change(whole);
});

describe('whatever it is given', () => {
  it('reading gives a policy or problems with a remedy, and never throws', () => {
    let usable = 0;
    let unusable = 0;
    fc.assert(
      fc.property(fc.oneof(mutated, anyPart), (raw) => {
        const read = readPolicy(raw, rules);
        if (read.type === 'usable') {
          usable += 1;
          expect(read.policy.entriesFor('mcp', () => ({ stage: 'prod' })).length).toBeGreaterThan(0);
          read.policy.exemptionOf?.('plain', { namespace: 'mcp', name: 'search' }, { now: '2026-11-29T12:00:00Z' });
          read.policy.nextChange?.({ now: '2026-11-29T12:00:00Z' });
        } else {
          unusable += 1;
          expect(read.problems.length).toBeGreaterThan(0);
        }
        const told = [...(read.type === 'unusable' ? read.problems : []), ...read.ignored];
        for (const problem of told) expect(renderPolicyProblem(problem)).toMatch(/^\S.*: .*\.$/);
      }),
      { numRuns: 500 },
    );
    expect(Math.min(usable, unusable)).toBeGreaterThan(10);
  });

  const isValid = new Ajv({
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    formats: { date: true },
  }).compile(documentShape(rules).schema);

  it.each<[what: string, named: object, isTaken: boolean]>([
    ['nothing of it', {}, false],
    ['that it judges', { action: 'warn' }, false],
    ['parameters, but not the one that it needs', { parameters: { most: 4 } }, false],
    ['the same while it is off', { action: 'off', parameters: { most: 4 } }, false],
    ['the one that it needs', { parameters: { allowed: [] } }, true],
    ['that it is off', { action: 'off' }, true],
    ['that it is off, as YAML reads that', { action: false }, true],
  ])(
    'the schema takes a rule without what it needs no more than reading does (Helm took it): %s',
    (_, named, isTaken) => {
      const document = { ...head, rules: { demanding: named } };
      expect({ schema: isValid(document), reading: readPolicy(document, rules).type === 'usable' }).toEqual({
        ...{ schema: isTaken, reading: isTaken },
      });
    },
  );

  it('the schema refuses what reading refuses or ignores, but for what is needed of other entries', () => {
    let differences = 0;
    fc.assert(
      fc.property(mutated, (raw) => {
        const [document] = JSON.parse(JSON.stringify([raw])) as readonly unknown[];
        const read = readPolicy(document, rules);
        const told = [...(read.type === 'unusable' ? read.problems : []), ...read.ignored];
        // No schema knows the calendar, and null is nothing to a reader of YAML.
        const isBeyond = told.some(
          ({ path }) => path.at(-1) === 'expires' || (path[0] === 'overrides' && path.at(-2) === 'parameters'),
        );
        const hasNull = JSON.stringify(document).includes('null');
        if (isBeyond || hasNull) {
          differences += 1;
          return;
        }
        expect({ document, isValid: isValid(document) }).toEqual({ document, isValid: told.length === 0 });
      }),
      { numRuns: 500 },
    );
    expect(differences).toBeLessThan(250);
  });
});
