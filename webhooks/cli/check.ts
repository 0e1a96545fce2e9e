import { printable } from '../core/engine/text.ts';
import { gatherBase } from './base.ts';
import { choosePolicy, policyOption } from './chosen-policy.ts';
import { defineCommand } from './command.ts';
import { exitCodeOf } from './exit-code.ts';
import { factsOptions, gatherFacts } from './gather-facts.ts';
import { gatherInput } from './gather.ts';
import { inputOptions, judgeInputNames, nameInput } from './input-options.ts';
import { namesOf } from './names-of.ts';
import { namespaceOption } from './namespace-option.ts';
import { renderInput } from './rendered-input.ts';
import { reportOutputs } from './outputs.ts';
import { renderProblem } from './outputs/text.ts';
import { toReport } from './report.ts';
import { validateOption } from './validate-option.ts';
import { writeReport } from './write-report.ts';

/** The gate: judges, prints, and answers with the exit code. */
export const check = defineCommand({
  synopsis: 'check [options] PATH…',
  description: `Says about MCPServer manifests what the cluster would say, without a cluster. PATH is a file, a folder (its *.yaml,
*.yml and *.json files, also in folders below) or - for standard input. ConfigMaps, Secrets and
ServiceAccounts of the same input count as existing; other kinds are ignored.
`,
  options: {
    'fail-on': { type: 'choice', choices: ['deny', 'warn'], help: 'the least severity that fails' },
    base: {
      type: 'text',
      placeholder: 'REF|DIR',
      default: '',
      help: 'judge updates of what stands at a Git ref or in a folder: what was there before fails nothing',
    },
    output: {
      type: 'targets',
      choices: namesOf(reportOutputs),
      short: 'o',
      help: 'may be given several times, at most once without a file',
    },
    ...inputOptions,
    ...factsOptions,
    namespace: namespaceOption,
    validate: validateOption,
    policy: policyOption,
    'allow-empty': { type: 'flag', help: 'no MCPServer in the input is no mistake' },
  },
  exitCodes: { clean: 'nothing found', found: 'findings at or above --fail-on' },
  judgeArguments: judgeInputNames,
  async run({ values, positionals: paths }, terminal) {
    const { namespace, validate } = values;
    const { readStdin, writeError, hasColour, env } = terminal;
    const chosen = await choosePolicy(values.policy, readStdin);
    if (chosen.type === 'refused') {
      writeError(chosen.problems);
      return exitCodeOf({ type: 'usage' });
    }
    if (chosen.ignored !== '') writeError(chosen.ignored);
    const rendered = await renderInput(values, { namespace, env });
    const read = await gatherInput({ paths, namespace, readStdin, rendered });
    const asked = await gatherFacts(read, values, namespace);
    if (asked.type === 'refused') {
      writeError(`${printable(asked.problem)}\n`);
      return exitCodeOf({ type: 'usage' });
    }
    const gathered = await gatherBase(values.base, asked.input, { namespace });
    if (gathered.type === 'refused') {
      writeError(`${gathered.problem}\n`);
      return exitCodeOf({ type: 'usage' });
    }
    const { policy } = chosen;
    const now = new Date().toISOString();
    const report = toReport(asked.input, { policy, namespace, validate, now, base: gathered.base });
    const failOn = values['fail-on'];
    const isEmpty = report.servers === 0 && report.problems.length === 0 && !values['allow-empty'];
    const exitCode = isEmpty
      ? exitCodeOf({ type: 'usage' })
      : exitCodeOf({
          type: 'done',
          severities: report.findings.flatMap(({ finding, isTolerated }) => (isTolerated ? [] : [finding.severity])),
          failOn,
          isIncomplete: report.problems.length > 0,
        });
    for (const problem of report.problems) writeError(`${renderProblem(problem)}\n`);
    const unwritten = await writeReport(report, values.output, { exitCode, failOn, hasColour }, terminal);
    for (const problem of unwritten) writeError(`${problem}\n`);
    if (isEmpty) {
      writeError(`no MCPServer in ${nameInput(paths, values)}: name its file, or allow it with --allow-empty\n`);
    }
    return unwritten.length > 0 ? exitCodeOf({ type: 'usage' }) : exitCode;
  },
});
