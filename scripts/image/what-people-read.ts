import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import ts from 'typescript';

/** Of a rule, what is on its page (`explain`) and in no verdict: half of what all rules take in memory. */
export type PageField = 'examples' | 'rationale';

/** Rules without what nobody reads in a program that only judges; what is left is compiled as it stands. */
export function withoutPages(fields: readonly PageField[]): Plugin {
  return {
    name: `rules without ${fields.join(' and ')}`,
    setup(bundler) {
      bundler.onLoad({ filter: /\/webhooks\/core\/rules\/[a-z-]+\.ts$/ }, async ({ path }) => ({
        contents: withoutFields(path, await readFile(path, 'utf8'), fields),
        loader: 'ts',
      }));
    },
  };
}

/** The text of a module without these fields of the rule that it exports. */
export function withoutFields(path: string, text: string, fields: readonly string[]): string {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const cuts = file.statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => declarationList.declarations)
    .flatMap(({ initializer }) => propertiesOf(initializer))
    .filter((property) => ts.isPropertyAssignment(property) && fields.includes(property.name.getText(file)));
  return cuts.reduceRight(
    // A property ends before its comma, and an object must not begin with one.
    (rest, { pos, end }) => rest.slice(0, pos) + rest.slice(end).replace(/^\s*,/, ''),
    text,
  );
}

/** Of a rule, written as an object or given to `defineRule`. */
function propertiesOf(initializer: ts.Expression | undefined): readonly ts.ObjectLiteralElementLike[] {
  if (initializer === undefined) return [];
  if (ts.isCallExpression(initializer)) return initializer.arguments.flatMap(propertiesOf);
  return ts.isObjectLiteralExpression(initializer) && initializer.properties.some(isSummary)
    ? [...initializer.properties]
    : [];
}

function isSummary({ name }: ts.ObjectLiteralElementLike): boolean {
  return name !== undefined && ts.isIdentifier(name) && name.text === 'summary';
}
