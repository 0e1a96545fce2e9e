import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { optionalTypes } from '../../webhooks/core/plan/optional-conditions.ts';
import { RECONCILE_ERROR } from '../../webhooks/core/plan/quarantine.ts';
import { toolReasons } from '../../webhooks/core/plan/tool-reasons.ts';
import { NOT_CHECKED } from '../../webhooks/core/plan/status.ts';
import { expandedKinds } from '../../webhooks/core/resources/index.gen.ts';
import { isAsked, isOptional } from '../../webhooks/core/resources/optional-kind.ts';

/** Where reasons of conditions, and of events about them, are decided. */
const sources = [
  ...['webhooks/core/plan', 'webhooks/core/rollout'].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /(?<!\.test)\.ts$/.test(name))
      .map((name) => join(folder, name)),
  ),
  'webhooks/core/resources/optional-kind.ts',
];

interface Found {
  readonly ofConditions: Set<string>;
  readonly ofEvents: Set<string>;
}

/** Reasons that the source says in words: in objects with a `reason`, in types of such a field, and in types that are named for it. */
function reasonsIn(files: readonly string[]): Found {
  const found: Found = { ofConditions: new Set(), ofEvents: new Set() };
  for (const file of files) {
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isPropertyAssignment(node) && isNamed(node, 'reason'))
        collect(node.initializer, isOfEvent(node.parent) ? found.ofEvents : found.ofConditions);
      if (ts.isPropertySignature(node) && isNamed(node, 'reason') && node.type !== undefined && !isOfTools(node.parent))
        collect(node.type, found.ofConditions);
      if (ts.isTypeAliasDeclaration(node) && node.name.text.endsWith('Reason')) collect(node.type, found.ofConditions);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

function isNamed({ name }: { readonly name: ts.PropertyName }, wanted: string): boolean {
  return ts.isIdentifier(name) && name.text === wanted;
}

/** An event has a type, Normal or Warning, where a condition has its own name or none. */
function isOfEvent(object: ts.ObjectLiteralExpression): boolean {
  return object.properties.some(
    (one) => ts.isPropertyAssignment(one) && /^type: '(Normal|Warning)'/.test(one.getText()),
  );
}

/** Why there is no contract of tools is said in `status.extensions.tools`, as `why`. */
function isOfTools(type: ts.TypeLiteralNode | ts.InterfaceDeclaration): boolean {
  return type.members.some((one) => ts.isPropertySignature(one) && isNamed(one, 'why'));
}

/** Every text that is a word by itself: in `a ? 'B' : 'C'` and `'B' | 'C'` both; not the key of another type, as in `Type['field']`. */
function collect(node: ts.Node, into: Set<string>): void {
  if (ts.isIndexedAccessTypeNode(node)) return;
  if (ts.isStringLiteral(node) && /^[A-Z]\w+$/.test(node.text)) into.add(node.text);
  ts.forEachChild(node, (child) => {
    collect(child, into);
  });
}

const found = reasonsIn(sources);
// Of a kind that no condition speaks of, no reason is read either.
const spokenOf = expandedKinds.filter((of) => !isOptional(of) || isAsked(of));
const reasons = new Set([
  ...found.ofConditions,
  ...spokenOf.map(({ unavailable }) => unavailable.reason),
  ...spokenOf.flatMap(({ trouble }) => trouble?.reason ?? []),
  ...Object.values(toolReasons),
  ...[RECONCILE_ERROR, NOT_CHECKED],
]);

const guide = readFileSync('docs/guides/troubleshooting.md', 'utf8');

/** Rows of the table with this head, each as its cells. */
function rowsUnder(head: string): readonly (readonly string[])[] {
  const start = guide.indexOf(`${head}\n`);
  const [, , ...rows] = start === -1 ? [] : (guide.slice(start).split('\n\n')[0] ?? '').split('\n');
  return rows.filter((row) => row.startsWith('|')).map((row) => row.split(' | '));
}

const conditionRows = rowsUnder('| Condition, reason | It means | Do |');
const eventRows = rowsUnder('| Type, reason, action | When |');

/** Words in code, in the first cells of a row. */
const wordsIn = (cells: readonly string[]): readonly string[] =>
  [...cells.join(' ').matchAll(/`([A-Z]\w+)`/g)].map(([, word = '']) => word);

describe('the guide to troubleshooting', () => {
  it('is held against reasons that were found, whatever shape they are written in', () => {
    const some = [
      'Invalid',
      'MCPEndpointUnavailable',
      'PodsFailing',
      'AuthSkipped',
      'FeatureDisabled',
      'RolloutQueued',
    ];
    expect(some.filter((reason) => !reasons.has(reason))).toEqual([]);
    expect([conditionRows.length, eventRows.length].every((rows) => rows > 20)).toBe(true);
  });

  it('has a row for each reason that a condition can have', () => {
    const told = new Set(conditionRows.flatMap((cells) => wordsIn(cells.slice(0, 2))));
    expect([...reasons].filter((reason) => !told.has(reason)).sort()).toEqual([]);
  });

  it('has a row for no reason that no condition has', () => {
    const told = conditionRows.flatMap(([first = '']) => wordsIn([first]));
    expect(told.filter((word) => !reasons.has(word))).toEqual([]);
  });

  it('has a row for each condition', () => {
    const status = readFileSync('webhooks/core/plan/status.ts', 'utf8');
    const types = [...status.matchAll(/type: '(\w+)',\s*say/g)].map(([, type = '']) => type);
    expect(types.length).toBeGreaterThan(5);
    const firsts = conditionRows.map(([first = '']) => first);
    const isTold = (type: string): boolean => firsts.some((first) => new RegExp(`\\b${type}\\b`).test(first));
    expect([...types, ...optionalTypes].filter((type) => !isTold(type))).toEqual([]);
  });

  it('has a row for each event about a condition or a rollout', () => {
    const told = new Set(eventRows.flatMap(([first = '']) => wordsIn([first])));
    expect([...found.ofEvents].filter((reason) => !told.has(reason)).sort()).toEqual([]);
  });
});
