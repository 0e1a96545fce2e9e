import { renderSentence } from '../../core/engine/render.ts';
import { renderPath } from '../../core/mcpserver/violation.ts';
import type { CheckReport } from '../report.ts';
import { reportSchemaVersion } from '../schemas/check.ts';
import type { RenderOptions } from './render-report.ts';
import { toJson } from './to-json.ts';

/** The report for programs, with everything in one document (json-schema.ts says what it is made of). */
export function renderJson(report: CheckReport, { exitCode }: Pick<RenderOptions, 'exitCode'>): string {
  const { servers, checked, others, findings, notChecked, rulesNotJudged, rulesNotJudgedFor, problems, base } = report;
  const { featuresNotChecked, policies, ignoredOfPolicy } = report;
  const document = {
    schemaVersion: reportSchemaVersion,
    exitCode,
    servers,
    ignoredDocuments: others,
    ...(policies === undefined ? {} : { policies }),
    ...(base === undefined ? {} : { base: toBase(base, checked) }),
    findings: findings.map(({ file, line, column, server, finding, isTolerated, fingerprint }) => ({
      ruleId: finding.ruleId,
      severity: finding.severity,
      tolerated: isTolerated,
      ...(finding.exemption === undefined ? {} : { exemption: finding.exemption }),
      file,
      line,
      column,
      server: { namespace: server.namespace, name: server.name },
      path: renderPath(finding.path),
      headline: finding.headline,
      detail: finding.detail,
      remedy: finding.remedy,
      message: renderSentence(finding),
      fingerprint,
    })),
    notChecked,
    featuresNotChecked,
    rulesNotJudged,
    rulesNotJudgedFor,
    problems,
    ...(ignoredOfPolicy === undefined ? {} : { ignoredOfPolicy }),
  };
  return toJson(document);
}

function toBase({ name, policy }: NonNullable<CheckReport['base']>, checked: CheckReport['checked']): object {
  const updates = checked.filter(({ isUpdate }) => isUpdate).length;
  return { name, updates, ...(policy === undefined ? {} : { policy }) };
}
