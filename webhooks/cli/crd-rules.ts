import { Environment } from '@marcbachmann/cel-js';
import { describeValue } from '../core/mcpserver/schema.ts';
import { isRecord, ownValue } from '../core/mcpserver/record.ts';
import type { CrdRule, StructuralSchema } from '../core/mcpserver/structural-schema.ts';
import { renderPath, type FieldPath, type Violation } from '../core/mcpserver/violation.ts';
import { toCel } from './cel-value.ts';

/** What the CEL rules of the CRD say about an object that its schema accepts. */
export interface CrdRules {
  check(object: unknown): readonly Violation[];
  /** Rules that compare with the object before the change: without a cluster there is none, so they are not judged. */
  readonly notJudged: readonly string[];
}

/**
 * Compiles each rule once, when the first object has something at its place: a single manifest has few of them. `check`
 * throws for an expression that is not understood (an unknown function, a pattern that Go would read otherwise): it must
 * never count as a rule that holds.
 */
export function compileCrdRules(schema: StructuralSchema): CrdRules {
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false });
  const compiler: Compiler = { environment: environment.registerVariable('self', 'dyn'), notJudged: new Set() };
  const root = compileNode(schema, compiler);
  return {
    check: (object) => (root === undefined ? [] : checkNode(root, object, [])),
    notJudged: [...compiler.notJudged],
  };
}

interface Compiler {
  readonly environment: Environment;
  readonly notJudged: Set<string>;
}

interface CompiledRule {
  readonly of: CrdRule;
  /** Throws for an expression that is not understood. */
  readonly compile: () => Holds;
}

type Holds = (self: unknown) => boolean;

/** Only the part of the schema that has rules. */
interface CompiledNode {
  readonly schema: StructuralSchema;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, CompiledNode>;
  readonly items: CompiledNode | undefined;
  readonly additionalProperties: CompiledNode | undefined;
}

function compileNode(schema: StructuralSchema, compiler: Compiler): CompiledNode | undefined {
  const below = (child: StructuralSchema | undefined) =>
    child === undefined ? undefined : compileNode(child, compiler);
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const compiled = compileNode(child, compiler);
    return compiled === undefined ? [] : [[name, compiled] as const];
  });
  const node: CompiledNode = {
    schema,
    rules: (schema.rules ?? []).flatMap((rule) => compileRule(rule, compiler)),
    properties: new Map(properties),
    items: below(schema.items),
    additionalProperties: below(schema.additionalProperties),
  };
  const hasRules = node.rules.length > 0 || node.properties.size > 0 || node.items !== undefined;
  return hasRules || node.additionalProperties !== undefined ? node : undefined;
}

/** Patterns of Go have neither look-around nor back references; those of JavaScript do. */
const notInGo = /\(\?[=!<]|\\\\?[1-9]/;

function compileRule(of: CrdRule, { environment, notJudged }: Compiler): readonly CompiledRule[] {
  const { rule } = of;
  if (/\boldSelf\b/.test(rule)) {
    notJudged.add(rule);
    return [];
  }
  let holds: Holds | undefined;
  return [{ of, compile: () => (holds ??= compileExpression(rule, environment)) }];
}

function compileExpression(rule: string, environment: Environment): Holds {
  const parsed = environment.parse(rule);
  const checked = parsed.check();
  if (!checked.valid || checked.type !== 'bool' || notInGo.test(rule)) {
    throw new Error(`the CRD has a CEL rule that is not understood: ${rule}`, { cause: checked.error });
  }
  return (self) => parsed({ self }) === true;
}

function checkNode(node: CompiledNode, value: unknown, path: FieldPath): readonly Violation[] {
  if (value === undefined || value === null) return [];
  const here = node.rules.flatMap((rule) => checkRule(rule, node.schema, { value, path }));
  return [...here, ...checkBelow(node, value, path)];
}

function checkBelow(node: CompiledNode, value: unknown, path: FieldPath): readonly Violation[] {
  if (Array.isArray(value)) {
    const { items } = node;
    return items === undefined ? [] : value.flatMap((item, index) => checkNode(items, item, [...path, index]));
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, child]: readonly [string, unknown]) => {
    const below = node.properties.get(name) ?? node.additionalProperties;
    return below === undefined ? [] : checkNode(below, child, [...path, name]);
  });
}

interface Place {
  readonly value: unknown;
  readonly path: FieldPath;
}

function checkRule({ of, compile }: CompiledRule, schema: StructuralSchema, place: Place): readonly Violation[] {
  const path = of.field === undefined ? place.path : [...place.path, of.field];
  const holds = compile();
  try {
    if (holds(toCel(place.value, schema))) return [];
  } catch {
    // As the API server: a rule that cannot be evaluated refuses the object.
    const headline = 'a rule of this field could not be evaluated';
    return [{ path, headline, detail: `the rule is ${of.rule}`, remedy: 'Correct the fields that the rule names.' }];
  }
  const value = of.field === undefined ? place.value : ownValue(place.value, of.field);
  const remedy = value === undefined ? `Set ${renderPath(path)}.` : 'Correct this field.';
  return [{ path, headline: of.message, detail: `found ${describeFound(of, path, value)}`, remedy }];
}

/** Of an object the fields that the rule is about: that it is an object tells nobody anything. */
function describeFound({ rule }: CrdRule, path: FieldPath, value: unknown): string {
  if (!isRecord(value)) return describeValue(path, value);
  const named = [...rule.matchAll(/\bself\.\??(\w+)\b(?!\()/g)].map(([, name = '']) => name);
  const fields = [...new Set(named)].filter((name) => ownValue(value, name) !== undefined);
  const told = fields.map((name) => `${name}: ${describeValue([...path, name], ownValue(value, name))}`);
  return told.length === 0 ? describeValue(path, value) : told.join(', ');
}
