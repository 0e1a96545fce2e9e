import { choosePolicy, policyOption } from './chosen-policy.ts';
import { defineCommand } from './command.ts';
import { exitCodeOf } from './exit-code.ts';
import { gatherInput } from './gather.ts';
import { namesOf } from './names-of.ts';
import { namespaceOption } from './namespace-option.ts';
import { reportOutputs } from './outputs.ts';
import { toReport } from './report.ts';
import { validateOption } from './validate-option.ts';

/** The gate: judges, prints, and answers with the exit code. */
export const check = defineCommand({
  synopsis: 'check [options] PATH…',
  description: `Says about MCPServer manifests what the cluster would say, without a cluster. PATH is a file, a folder (its *.yaml,
*.yml and *.json files, also in folders below) or - for standard input. ConfigMaps, Secrets and
ServiceAccounts of the same input count as existing; other kinds are ignored.
`,
  options: {
    'fail-on': { type: 'choice', choices: ['deny', 'warn'], help: 'the least severity that fails' },
    output: { type: 'choice', choices: namesOf(reportOutputs), short: 'o', help: 'for people, or for programs' },
    namespace: namespaceOption,
    validate: validateOption,
    policy: policyOption,
    'allow-empty': { type: 'flag', help: 'no MCPServer in the input is no mistake' },
  },
  exitCodes: { clean: 'nothing found', found: 'findings at or above --fail-on' },
  judgeArguments: ([path]) =>
    path === undefined ? 'name at least one file or folder, or - for standard input' : undefined,
  async run({ values, positionals: paths }, { readStdin, writeOut, writeError, hasColour }) {
    const { namespace, output, validate } = values;
    const chosen = await choosePolicy(values.policy, readStdin);
    if (chosen.type === 'refused') {
      writeError(chosen.problems);
      return exitCodeOf({ type: 'usage' });
    }
    if (chosen.ignored !== '') writeError(chosen.ignored);
    const input = await gatherInput({ paths, namespace, readStdin });
    const report = toReport(input, { policy: chosen.policy, namespace, validate, now: new Date().toISOString() });
    const isEmpty = report.servers === 0 && report.problems.length === 0 && !values['allow-empty'];
    const exitCode = isEmpty
      ? exitCodeOf({ type: 'usage' })
      : exitCodeOf({
          type: 'done',
          severities: report.findings.map(({ finding }) => finding.severity),
          failOn: values['fail-on'],
          isIncomplete: report.problems.length > 0,
        });
    const { out, error } = reportOutputs[output](report, { exitCode, hasColour });
    writeOut(out);
    if (error !== '') writeError(error);
    if (isEmpty) writeError(`no MCPServer in ${paths.join(', ')}: name its file, or allow it with --allow-empty\n`);
    return exitCode;
  },
});
