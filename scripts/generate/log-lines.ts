import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { logLevels, type LogLevel } from '../../webhooks/platform/log.ts';

/** One call of a logger in the source. */
export interface LogLine {
  readonly file: string;
  /** More than one where it depends. */
  readonly levels: readonly LogLevel[];
  readonly message: string;
  readonly fields: readonly string[];
}

/** Every call of a logger in the programs. Throws for one whose message or fields cannot be told from its file. */
export function readLogLines(root: string): readonly LogLine[] {
  const files = readdirSync(join(root, 'webhooks'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /(?<!\.test|\.gen)\.ts$/.test(file) && !file.includes('testing/'))
    .sort();
  return files.flatMap((file) => logLinesOf(`webhooks/${file}`, readFileSync(join(root, 'webhooks', file), 'utf8')));
}

export function logLinesOf(file: string, text: string): readonly LogLine[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lines: LogLine[] = [];
  const visit = (node: ts.Node): void => {
    const call = ts.isCallExpression(node) ? logCallOf(node) : undefined;
    if (call !== undefined) lines.push({ file, ...read(call, source) });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return lines;
}

interface LogCall {
  readonly level: ts.Expression | LogLevel;
  readonly said: readonly ts.Expression[];
}

/** `log.info(…)`, `log[level](…)`, or `logOnChange(level, …)`, which leaves out what it said last. */
function logCallOf({ expression, arguments: given }: ts.CallExpression): LogCall | undefined {
  if (ts.isIdentifier(expression) && expression.text === 'logOnChange') {
    const [level, ...said] = given;
    return level === undefined ? undefined : { level, said };
  }
  if (ts.isPropertyAccessExpression(expression) && isLogger(expression.expression)) {
    const level = logLevels.find((one) => one === expression.name.text);
    return level === undefined ? undefined : { level, said: given };
  }
  if (!ts.isElementAccessExpression(expression) || !isLogger(expression.expression)) return undefined;
  const level = expression.argumentExpression;
  // `logOnChange` itself: its calls are what counts.
  return isParameterOf(expression, level) ? undefined : { level, said: given };
}

function isLogger(expression: ts.Expression): boolean {
  return /(?:^|[.#])log$/.test(expression.getText());
}

function isParameterOf(node: ts.Node, { text }: ts.Expression & { readonly text?: string }): boolean {
  const around = ts.findAncestor(node, ts.isArrowFunction);
  return around?.parameters.some(({ name }) => name.getText() === text) === true;
}

function read({ level, said }: LogCall, source: ts.SourceFile): Omit<LogLine, 'file'> {
  const [message, fields] = said;
  const levels = typeof level === 'string' ? [level] : levelsIn(level, source);
  if (message === undefined || !ts.isStringLiteralLike(message) || levels.length === 0) {
    throw new Error(`${source.fileName}: a log line needs a constant message and level: ${said[0]?.getText() ?? ''}`);
  }
  return { levels, message: message.text, fields: fields === undefined ? [] : [...new Set(namesIn(fields, source))] };
}

function levelsIn(level: ts.Expression, source: ts.SourceFile): readonly LogLevel[] {
  const text = ts.isIdentifier(level) ? (declarationOf(level.text, source)?.getText() ?? '') : level.getText();
  return logLevels.filter((one) => text.includes(`'${one}'`));
}

/** Of an object, of those in a condition, or of a variable that is one. */
function namesIn(fields: ts.Expression, source: ts.SourceFile): readonly string[] {
  const objects: ts.ObjectLiteralExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isObjectLiteralExpression(node)) objects.push(node);
    else ts.forEachChild(node, visit);
  };
  const last = ts.isPropertyAccessExpression(fields) ? fields.name : fields;
  visit(ts.isIdentifier(last) ? (declarationOf(last.text, source) ?? last) : fields);
  if (objects.length === 0) throw new Error(`${source.fileName}: fields that are not listed: ${fields.getText()}`);
  return objects.flatMap(({ properties }) =>
    properties.flatMap((property) =>
      ts.isSpreadAssignment(property) ? namesIn(property.expression, source) : property.name.getText(),
    ),
  );
}

function declarationOf(name: string, source: ts.SourceFile): ts.Expression | undefined {
  let found: ts.Expression | undefined;
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === name) found ??= node.initializer;
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
