import type { Severity } from '../core/engine/finding.ts';
import { exitCodeOf } from './exit-code.ts';
import { gatherInput } from './gather.ts';
import { parseOptions } from './options.ts';
import { renderJson } from './render-json.ts';
import { renderProblem, renderText } from './render-text.ts';
import { toReport, type Report } from './report.ts';
import type { Terminal } from './terminal.ts';
import { refuseUsage, tellUsage } from './usage.ts';

export const checkUsage = `usage: mcp-lifecycle check [options] PATH…

Says about MCPServer manifests what the cluster would say, without a cluster. PATH is a file, a folder (its *.yaml,
*.yml and *.json files, also in folders below) or - for standard input. ConfigMaps, Secrets and
ServiceAccounts of the same input count as existing; other kinds are ignored.

  --fail-on deny|warn      the least severity that fails (default deny)
  --output text|json       (default text)
  --namespace NAME         of objects that name none (default default)
  --allow-empty            no MCPServer in the input is no mistake

exit codes: 0 nothing found, 1 findings at or above --fail-on, 2 wrong usage or unreadable input, 3 a bug of ours
`;

interface CheckOptions {
  readonly paths: readonly string[];
  readonly failOn: Severity;
  readonly isJson: boolean;
  readonly namespace: string;
  readonly allowsEmpty: boolean;
}

/** The gate: judges, prints, and answers with the exit code. */
export async function check(args: readonly string[], terminal: Terminal): Promise<number> {
  const options = parseCheckOptions(args);
  if (options === 'help') return tellUsage(checkUsage, terminal);
  if (typeof options === 'string') return refuseUsage(options, checkUsage, terminal);
  const input = await gatherInput({ ...options, readStdin: terminal.readStdin });
  const report = toReport(input, options.namespace);
  return writeReport(report, options, terminal);
}

function writeReport(report: Report, options: CheckOptions, { writeOut, writeError, hasColour }: Terminal): number {
  const isEmpty = report.servers === 0 && report.problems.length === 0 && !options.allowsEmpty;
  const exitCode = isEmpty
    ? exitCodeOf({ type: 'usage' })
    : exitCodeOf({
        type: 'done',
        severities: report.findings.map(({ finding }) => finding.severity),
        failOn: options.failOn,
        isIncomplete: report.problems.length > 0,
      });
  writeOut(options.isJson ? renderJson(report, exitCode) : renderText(report, hasColour));
  if (!options.isJson) for (const problem of report.problems) writeError(`${renderProblem(problem)}\n`);
  if (isEmpty)
    writeError(`no MCPServer in ${options.paths.join(', ')}: name its file, or allow it with --allow-empty\n`);
  return exitCode;
}

/** The options, `help`, or what is wrong with them. */
function parseCheckOptions(args: readonly string[]): CheckOptions | string {
  const parsed = parseOptions(
    args,
    {
      'fail-on': { type: 'string', default: 'deny' },
      output: { type: 'string', short: 'o', default: 'text' },
      namespace: { type: 'string', short: 'n', default: 'default' },
      'allow-empty': { type: 'boolean', default: false },
    },
    { 'fail-on': ['deny', 'warn'], output: ['text', 'json'] },
  );
  if (!parsed.ok) return parsed.problem;
  const { values, positionals } = parsed;
  if (values['help'] === true) return 'help';
  if (positionals.length === 0) return 'name at least one file or folder, or - for standard input';
  return {
    paths: positionals,
    failOn: values['fail-on'] === 'warn' ? 'warn' : 'deny',
    isJson: values['output'] === 'json',
    namespace: String(values['namespace']),
    allowsEmpty: values['allow-empty'] === true,
  };
}
