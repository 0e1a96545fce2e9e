import type { Policy } from '../core/engine/policy.ts';
import { exitCodes, type ExitCode } from './exit-code.ts';
import { renderNotChecked, renderNotJudged, renderProblem } from './outputs/text.ts';
import { toReport, type CheckReport } from './report.ts';
import type { StoredInput } from './stored-input.ts';

export interface JudgedStored {
  readonly report: CheckReport;
  /** For standard error: what could not be read, and what that means. */
  readonly lines: readonly string[];
  readonly exitCode: ExitCode;
}

/** What a policy makes of MCPServers that are there already, as if they were new. Findings do not fail it. */
export function judgeStored(stored: StoredInput & { readonly type: 'gathered' }, policy: Policy): JudgedStored {
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
