import { renderProblems } from './chosen-policy.ts';
import { exitCodes, type ExitCode } from './exit-code.ts';
import type { JudgedBy } from './judged-by.ts';
import { renderNotChecked, renderNotJudged, renderProblem } from './outputs/text.ts';
import { toReport, type CheckReport } from './report.ts';
import { gatherStored, type StoredInput, type StoredValues } from './stored-input.ts';
import type { Terminal } from './terminal.ts';

export interface StoredQuestion extends StoredValues {
  /** Empty: the policy of the cluster judges, and of files the built-in one. */
  readonly policyFile: string;
  /** Without one a cluster is asked. */
  readonly paths: readonly string[];
}

/** What was found, and by which policy. */
export interface JudgedStored {
  readonly report: CheckReport;
  readonly by: JudgedBy;
  /** Sentences about what was judged more strictly, because it could not be read. */
  readonly notes: readonly string[];
}

/**
 * Prints what a policy makes of MCPServers that are there already, as if they were new; on standard error what could not
 * be read, and what that means. Findings do not fail it.
 */
export async function judgeStored(
  question: StoredQuestion,
  { readStdin, writeOut, writeError }: Terminal,
  render: (judged: JudgedStored) => string,
): Promise<ExitCode> {
  const stored = await gatherStored({ ...question, readStdin });
  if (stored.type === 'refused') {
    writeError(stored.said);
    return exitCodes.unusable;
  }
  const {
    notes,
    chosen: { by, ignored },
  } = stored;
  const { report, lines, exitCode } = judgeGathered(stored);
  writeOut(render({ report: { ...report, ignoredOfPolicy: ignored }, by, notes }));
  writeError(`${renderProblems(ignored)}${lines.map((line) => `${line}\n`).join('')}`);
  return exitCode;
}

interface Judged {
  readonly report: CheckReport;
  readonly lines: readonly string[];
  readonly exitCode: ExitCode;
}

function judgeGathered(stored: StoredInput & { readonly type: 'gathered' }): Judged {
  const { input, namespace, source, mayBeEmpty, notes } = stored;
  const { policy } = stored.chosen;
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
