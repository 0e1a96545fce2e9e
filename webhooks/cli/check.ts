import { printable } from '../core/engine/text.ts';
import type { InputProblem } from '../platform/manifests/manifest.ts';
import { baseOptions, judgeBaseNames } from './base-options.ts';
import type { BasePolicyNames, GatheredBefore, GatherOptions as BaseGatherOptions } from './base-policy.ts';
import { choosePolicy, policyOption, renderProblems, type Chosen } from './chosen-policy.ts';
import { defineCommand } from './command.ts';
import { exitCodeOf, type ExitCode } from './exit-code.ts';
import { factsOptions, gatherFacts } from './gather-facts.ts';
import { gatherInput, type Input } from './gather.ts';
import { gatherRendered, inputOptions, judgeInputNames, nameInput } from './input-options.ts';
import { namesOf } from './names-of.ts';
import { namespaceOption } from './namespace-option.ts';

import { reportOutputs } from './outputs.ts';
import { renderOthers } from './outputs/told.ts';
import { byBuiltIn } from './judged-by.ts';
import { countsForGate, refusedReport, toReport, type CheckReport } from './report.ts';
import { validateOption } from './validate-option.ts';
import { writeReport } from './write-report.ts';

/** The gate: judges, prints, and answers with the exit code. */
export const check = defineCommand({
  synopsis: 'check [options] PATH…',
  description: `Says about MCPServer manifests what the cluster would say, without a cluster. PATH is a file, a folder (its *.yaml,
*.yml and *.json files, also in folders below) or - for standard input. ConfigMaps, Secrets, ServiceAccounts,
PersistentVolumeClaims, PriorityClasses and RuntimeClasses of the same input count as existing; MCPServers and MCPPools of
mcp.v2dy.io are judged as the MCPServers that they become; other kinds are ignored.
`,
  examples: [
    'check deploy/',
    'check --fail-on warn --base origin/main --policy ci/policy.yaml --output text --output sarif=mcpservers.sarif deploy/',
  ],
  options: {
    'fail-on': { type: 'choice', choices: ['deny', 'warn'], help: 'the least severity that fails' },
    ...baseOptions,
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
  judgeArguments: (paths, values) => judgeInputNames(paths, values) ?? judgeBaseNames(values),
  async run({ values, positionals: paths }, terminal) {
    const { namespace, validate } = values;
    const { readStdin, writeError, hasColour, env } = terminal;
    const failOn = values['fail-on'];
    // Nothing is judged, and whoever reads an output later must not find the one of a run before.
    const refuse = async (problems: readonly InputProblem[], said = renderProblems(problems)): Promise<ExitCode> => {
      writeError(said);
      const exitCode = exitCodeOf({ type: 'usage' });
      // What people read is said already.
      const targets = values.output.filter(({ name, file }) => name !== 'text' || file !== undefined);
      const unwritten = await writeReport(refusedReport(problems), targets, { exitCode, failOn, hasColour }, terminal);
      for (const problem of unwritten) writeError(`${problem}\n`);
      return exitCode;
    };
    const chosen = await choosePolicy(values.policy, readStdin);
    if (chosen.type === 'refused') return refuse(chosen.problems);
    const rendered = await gatherRendered(values, { namespace, env });
    const read = await gatherInput({ paths, namespace, readStdin, rendered });
    const asked = await gatherFacts(read, values, { namespace, asksPolicy: values.policy === '' });
    if (asked.type === 'refused')
      return refuse([{ file: 'facts', message: asked.problem }], `${printable(asked.problem)}\n`);
    const before = await compareWith(values, asked.input, { namespace, readStdin });
    if (before.type === 'refused') return refuse(before.problems);
    writeError(renderProblems(before.notes));
    const judging = judgingIn(asked.input, chosen);
    writeError(renderProblems(judging.ignoredOfPolicy));
    const { policy } = chosen;
    const now = new Date().toISOString();
    const judged = toReport(asked.input, { policy, namespace, validate, now, base: before.base });
    const report = { ...judged, ...judging };
    const isEmpty = report.servers === 0 && report.problems.length === 0 && !values['allow-empty'];
    const exitCode = isEmpty
      ? exitCodeOf({ type: 'usage' })
      : exitCodeOf({
          type: 'done',
          severities: report.findings.filter(countsForGate).map(({ finding }) => finding.severity),
          failOn,
          isIncomplete: report.problems.length > 0,
        });
    writeError(renderProblems(report.problems));
    const unwritten = await writeReport(report, values.output, { exitCode, failOn, hasColour }, terminal);
    for (const problem of unwritten) writeError(`${problem}\n`);
    if (isEmpty) {
      writeError(
        `no MCPServer in ${nameInput(paths, values)}${renderOthers(report.othersTold)}: name its file, or allow it with --allow-empty\n`,
      );
    }
    return unwritten.length > 0 ? exitCodeOf({ type: 'usage' }) : exitCode;
  },
});

/** Who compares with nothing does not pay for it. */
async function compareWith(values: BasePolicyNames, input: Input, options: BaseGatherOptions): Promise<GatheredBefore> {
  if (values.base === '') return { type: 'gathered', base: undefined, notes: [] };
  return (await import('./base-policy.ts')).gatherBefore(values, input, options);
}

/** The policies of the clusters, unless one was named. Who named none and asked nobody is told of none. */
function judgingIn(
  { clusters }: Pick<Input, 'clusters'>,
  named: Chosen,
): Pick<CheckReport, 'policies'> & { readonly ignoredOfPolicy: readonly InputProblem[] } {
  const own = clusters.flatMap(({ policy }) => policy?.chosen ?? []);
  const judging = own.length === 0 ? [named] : own;
  const ignoredOfPolicy = judging.flatMap(({ ignored }) => ignored);
  return named.by === byBuiltIn && own.length === 0
    ? { ignoredOfPolicy }
    : { ignoredOfPolicy, policies: judging.map(({ by }) => by) };
}
