import { renderSentence } from '../core/engine/render.ts';
import { renderPath } from '../core/mcpserver/violation.ts';
import type { PrintedReport, PrintOptions } from './printed-report.ts';
import type { CheckReport } from './report.ts';

/** Of the JSON below: it changes when a field changes its meaning or goes; new fields may come at any time. */
const reportSchemaVersion = 'mcp-lifecycle.check/v1';

/** The report for programs, with everything in one document. */
export function renderJson(report: CheckReport, { exitCode }: PrintOptions): PrintedReport {
  const { servers, others, findings, notChecked, rulesNotJudged, rulesNotJudgedFor, problems } = report;
  const document = {
    schemaVersion: reportSchemaVersion,
    exitCode,
    servers,
    ignoredDocuments: others,
    findings: findings.map(({ file, line, column, server, finding }) => ({
      ruleId: finding.ruleId,
      severity: finding.severity,
      file,
      line,
      column,
      server,
      path: renderPath(finding.path),
      headline: finding.headline,
      detail: finding.detail,
      remedy: finding.remedy,
      message: renderSentence(finding),
    })),
    notChecked,
    rulesNotJudged,
    rulesNotJudgedFor,
    problems,
  };
  return { out: `${JSON.stringify(document, null, 2)}\n`, error: '' };
}
