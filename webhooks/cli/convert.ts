import { printable } from '../core/engine/text.ts';
import { renderPath } from '../core/mcpserver/violation.ts';
import type { InputProblem } from '../platform/manifests/manifest.ts';
import { readTexts } from '../platform/manifests/read-texts.ts';
import { replaceFile } from '../platform/replace-file.ts';
import { defineCommand } from './command.ts';
import { convertText, type ConvertedObject, type FieldChange } from './convert-text.ts';
import { exitCodes } from './exit-code.ts';
import { renderProblem } from './outputs/text.ts';
import { count } from './outputs/told.ts';
import { toJson } from './outputs/to-json.ts';
import { conversionSchemaVersion } from './schemas/convert.ts';

/** Moves people over who have the other operator's manifests. */
export const convert = defineCommand({
  synopsis: 'convert [options] PATH…',
  description: `Writes each MCPServer of mcp.v2dy.io (v1) as one of mcp.x-k8s.io, with its comments, and all else as it is, to standard
output; what changes is told on standard error. PATH is a file, a folder or - for standard input. Labels and annotations
stay. docs/guides/v2dy.md says how running servers move over without a restart.
`,
  examples: ['convert deploy/search.yaml', 'convert --report changes.json deploy/'],
  options: {
    report: {
      type: 'text',
      placeholder: 'FILE',
      default: '',
      isPath: true,
      help: 'write what changes as JSON, too',
    },
  },
  exitCodes: { clean: 'converted', found: 'an object cannot be converted, and is left as it is' },
  judgeArguments: (paths) => (paths.length === 0 ? 'name a file or a folder, or - for standard input' : undefined),
  async run({ values, positionals: paths }, { readStdin, writeOut, writeError }) {
    const read = await readTexts(paths, readStdin);
    const converted = read.texts.map(convertText);
    const objects = converted.flatMap((one) => one.objects);
    const unread = [...read.problems, ...converted.flatMap((one) => one.unread)];
    const refused = converted.flatMap((one) => one.refused);
    const problems = [...unread, ...refused];
    const others = converted.flatMap((one) => one.others);
    for (const problem of [...problems, ...others]) writeError(`${renderProblem(problem)}\n`);
    writeOut(converted.map(({ text }) => (text.endsWith('\n') ? text : `${text}\n`)).join('---\n'));
    if (objects.length === 0 && problems.length === 0) {
      writeError(`no MCPServer of mcp.v2dy.io in ${printable(paths.join(', '))}: all of it is passed on as it is\n`);
      return exitCodes.unusable;
    }
    writeError(renderChanges(objects));
    const why = values.report === '' ? undefined : replaceFile(values.report, renderReport(objects, problems));
    if (why !== undefined) writeError(`--report ${printable(values.report)} cannot be written: ${why}\n`);
    if (unread.length > 0 || why !== undefined) return exitCodes.unusable;
    return refused.length > 0 ? exitCodes.found : exitCodes.clean;
  },
});

/** Both in one folder are two owners of one name, to whoever applies all of it. */
const whatRemains =
  'put it in the place of what it was made of: where both are applied, what is of mcp.v2dy.io says NotOurs';

function renderChanges(objects: readonly ConvertedObject[]): string {
  const lines = objects.flatMap(({ file, line, column, changes }) =>
    changes.map((change) => `${printable(file)}:${line}:${column}: ${renderChange(change)}`),
  );
  const remains = objects.length === 0 ? [] : [whatRemains];
  return `${[...lines, ...remains, `${count(objects.length, 'MCPServer')} converted`].join('\n')}\n`;
}

function renderChange(change: FieldChange): string {
  const path = printable(renderPath(change.path));
  switch (change.type) {
    case 'moved':
      return `${renderPath(change.from)} is now ${path}`;
    case 'added':
      return `${path} is added: ${change.value}`;
    case 'removed':
      return `${path} is left out: ${change.why}`;
  }
}

function renderReport(objects: readonly ConvertedObject[], problems: readonly InputProblem[]): string {
  return toJson({
    schemaVersion: conversionSchemaVersion,
    objects: objects.map(({ changes, ...object }) => ({ ...object, changes: changes.map(toReported) })),
    problems,
  });
}

function toReported(change: FieldChange): object {
  const { path } = change;
  return {
    ...change,
    path: renderPath(path),
    ...(change.type === 'moved' ? { from: renderPath(change.from) } : {}),
  };
}
