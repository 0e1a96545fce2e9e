import { describe, expect, it } from '@jest/globals';
import type { CrdRule, StructuralSchema } from '../core/mcpserver/structural-schema.ts';
import { structure } from '../core/mcpserver/structure.gen.ts';
import { anMCPServer, withRawSpec, withSpec } from '../core/testing/builders.ts';
import { renderPath } from '../core/mcpserver/violation.ts';
import { compileCrdRules } from './crd-rules.ts';

const aRule = (rule: string): CrdRule => ({ rule, message: 'must hold' });
const withRule = (rule: string): StructuralSchema => ({
  properties: { n: { type: 'integer', rules: [aRule(rule)] } },
});

function told(schema: StructuralSchema, object: unknown): readonly string[] {
  return compileCrdRules(schema)
    .check(object)
    .map(({ path, headline, detail }) => `${renderPath(path)}: ${headline}, ${detail}`);
}

function* rulesIn({ rules = [], properties = {}, items, additionalProperties }: StructuralSchema): Iterable<CrdRule> {
  yield* rules;
  const children = [...Object.values(properties), items, additionalProperties];
  for (const child of children) if (child !== undefined) yield* rulesIn(child);
}

describe('the rules of the CRD', () => {
  it('are all judged', () => {
    expect(compileCrdRules(structure).notJudged).toEqual([]);
  });

  // They are compiled when an object has something at their place.
  it('are all understood', () => {
    const rules = [...rulesIn(structure)];
    expect(rules.length).toBeGreaterThan(10);
    for (const rule of rules) expect(() => compileCrdRules({ rules: [rule] }).check({})).not.toThrow();
  });

  it('hold for a valid server', () => {
    expect(told(structure, anMCPServer(withSpec({ config: { path: '/mcp' } })))).toEqual([]);
  });
});

describe('compileCrdRules', () => {
  it.each([
    ['an unknown function', 'semver(self) == self'],
    ['an unknown method', "self.format('x')"],
    ['an unknown variable', 'other == 1'],
    ['what is no CEL', 'self =='],
    ['what is no condition', '1 + 1'],
    ['a pattern that Go does not have', "self.matches('(?=a)')"],
  ])('throws for %s instead of letting everything pass', (_name, rule) => {
    expect(() => compileCrdRules(withRule(rule)).check({ n: 1 })).toThrow();
  });

  it('leaves out rules about the object before the change, and says so', () => {
    const compiled = compileCrdRules(withRule('self == oldSelf'));
    expect(compiled.notJudged).toEqual(['self == oldSelf']);
    expect(compiled.check({ n: 1 })).toEqual([]);
  });

  it('reports a rule that does not hold at its place, or at the field that it names', () => {
    expect(told(withRule('self > 3'), { n: 3 })).toEqual(['n: must hold, found 3']);
    const schema = {
      items: { type: 'object', properties: { a: {} }, rules: [{ ...aRule('has(self.a)'), field: 'a' }] },
    };
    expect(told({ properties: { list: schema } }, { list: [{ a: 1 }, {}] })).toEqual([
      'list[1].a: must hold, found nothing',
    ]);
    expect(told({ additionalProperties: { rules: [aRule("self != ''")] } }, { x: 'a', y: '' })).toEqual([
      'y: must hold, found ""',
    ]);
  });

  it('names the field that is missing', () => {
    const { spec, ...server } = anMCPServer();
    const [violation] = compileCrdRules(structure).check({
      ...server,
      spec: { ...spec, source: { type: 'ContainerImage' } },
    });
    expect(violation).toMatchObject({ detail: 'found nothing', remedy: 'Set spec.source.containerImage.' });
  });

  it('says of an object what its rule is about (it said that it found an object)', () => {
    const [autoscaling] = told(
      structure,
      anMCPServer(withRawSpec({ extensions: { autoscaling: { minReplicas: 9, maxReplicas: 5 } } })),
    );
    expect(autoscaling).toContain('minReplicas must be at most maxReplicas, found minReplicas: 9, maxReplicas: 5');
    const shown = { type: 'object', rules: [aRule("self.value == ''")] };
    expect(told({ properties: { env: shown } }, { env: { value: 's3cret' } })).toEqual([
      'env: must hold, found value: a string (not shown)',
    ]);
    expect(
      told({ properties: { map: { type: 'object', rules: [aRule('self.size() == 0')] } } }, { map: { a: 1 } }),
    ).toEqual(['map: must hold, found an object']);
  });

  it('reports a rule that cannot be evaluated: it never passes', () => {
    expect(told(withRule('self.a.b == 1'), { n: 1 })).toEqual([
      'n: a rule of this field could not be evaluated, the rule is self.a.b == 1',
    ]);
  });

  it('does not judge what is not there', () => {
    expect(told(withRule('false'), {})).toEqual([]);
    expect(told(withRule('false'), 'x')).toEqual([]);
  });

  it('sees integers as integers', () => {
    expect(told(withRule('self / 2 == 1'), { n: 3 })).toEqual([]);
  });

  it('does not see properties that JavaScript adds', () => {
    expect(told({ type: 'object', rules: [aRule('!has(self.constructor)')] }, {})).toEqual([]);
  });
});
