import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** What the compiler says of a dashboard by the types that Grafana publishes. The JSON has the values of enums, and not their names. */
function problemsOf(dashboard: string): readonly string[] {
  const source = `import type { Dashboard } from '@grafana/schema';
    type Json<T> = T extends string
      ? \`\${T}\`
      : T extends readonly (infer Item)[]
        ? readonly Json<Item>[]
        : T extends object
          ? { [Key in keyof T]: Json<T[Key]> }
          : T;
    export const dashboard: Json<Dashboard> = ${dashboard};`;
  const file = here('./dashboard-of-the-chart.ts');
  const options: ts.CompilerOptions = {
    ...{ noEmit: true, strict: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2024 },
    ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (name) => name === file || disk.fileExists(name),
    getSourceFile: (name, target) =>
      name === file ? ts.createSourceFile(name, source, target) : disk.getSourceFile(name, target),
  };
  const program = ts.createProgram([file], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ').slice(0, 200));
}

describe.each(['dashboard.json', 'monitoring/dashboard.json'])('chart/%s', (file) => {
  const text = readFileSync(here(`../../chart/${file}`), 'utf8');

  it('has the fields that Grafana has, with values of their types', () => {
    expect(problemsOf(text)).toEqual([]);
  });

  it.each<[string, RegExp, string]>([
    ['a field that there is not', /"schemaVersion"/, '"schemaVersionn": 1, "schemaVersion"'],
    ['a word that is none', /"type": "datasource"/, '"type": "dataSource"'],
    ['a text for a number', /"w": (\d+)/, '"w": "$1"'],
  ])('would not with %s', (_, from, to) => {
    expect(problemsOf(text.replace(from, to))).not.toEqual([]);
  });
});
