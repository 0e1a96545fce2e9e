import type { Policy } from '../core/engine/policy.ts';
import { printable } from '../core/engine/text.ts';
import { choosePolicy, renderProblems } from './chosen-policy.ts';
import { exitCodes, type ExitCode } from './exit-code.ts';
import { renderNotChecked, renderNotJudged, renderProblem } from './outputs/text.ts';
import { toReport, type CheckReport } from './report.ts';
import { gatherStored, type StoredInput, type StoredValues } from './stored-input.ts';
import type { Terminal } from './terminal.ts';

export interface StoredQuestion extends StoredValues {
  /** Empty: the built-in policy judges. */
  readonly policyFile: string;
  /** Without one a cluster is asked. */
  readonly paths: readonly string[];
}

/**
 * Prints what a policy makes of MCPServers that are there already, as if they were new; on standard error what could not
 * be read, and what that means. Findings do not fail it.
 */
export async function judgeStored(
  { policyFile, ...question }: StoredQuestion,
  { readStdin, writeOut, writeError }: Terminal,
  render: (report: CheckReport) => string,
): Promise<ExitCode> {
  const chosen = await choosePolicy(policyFile, readStdin);
  if (chosen.type === 'refused') {
    writeError(renderProblems(chosen.problems));
    return exitCodes.unusable;
  }
  const { policy, ignored } = chosen;
  const stored = await gatherStored({ ...question, policy, readStdin });
  if (stored.type === 'refused') {
    writeError(`${printable(stored.problem)}\n`);
    return exitCodes.unusable;
  }
  const { report, lines, exitCode } = judgeGathered(stored, policy);
  writeOut(render(report));
  writeError(`${renderProblems(ignored)}${lines.map((line) => `${line}\n`).join('')}`);
  return exitCode;
}

interface Judged {
  readonly report: CheckReport;
  readonly lines: readonly string[];
  readonly exitCode: ExitCode;
}

function judgeGathered(stored: StoredInput & { readonly type: 'gathered' }, policy: Policy): Judged {
  const { input, namespace, source, mayBeEmpty, notes } = stored;
  // What the API server drops is nothing that a policy does.
  const validate = 'ignore';
  const report = toReport(input, { policy, namespace, validate, now: new Date().toISOString() });
  const isEmpty = report.servers === 0 && report.problems.length === 0;
  const lines = [
    ...report.problems.map(renderProblem),
    ...notes,
    ...renderNotChecked(input.clusters.length === 0 ? [] : report.notChecked),
    ...renderNotJudged(report.rulesNotJudgedFor),
    ...(isEmpty ? [`no MCPServer in ${source}`] : []),
  ];
  const isUnusable = report.problems.length > 0 || (isEmpty && !mayBeEmpty);
  return { report, lines, exitCode: isUnusable ? exitCodes.unusable : exitCodes.clean };
}
