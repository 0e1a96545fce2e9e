import type { ExpandedKind } from './expanded-kind.ts';
import { findingsReport, reportsApi } from './findings-report.ts';
import { report } from './report.ts';

/** https://htmlpreview.github.io/?https://github.com/kubernetes-sigs/wg-policy-prototypes/blob/master/policy-report/docs/index.html */
export const policyReport: ExpandedKind = {
  apiVersion: 'wgpolicyk8s.io/v1alpha2',
  kind: 'PolicyReport',
  plural: 'policyreports',
  summary: 'The same as a Report, in clusters that do not have that yet.',
  requirement: { ...reportsApi, insteadOf: report.kind },
  wanted: 'sometimes',
  isOfVerdict: true,
  unavailable: { reason: 'PolicyReportUnavailable', order: 13, eventAction: 'PolicyReportReconcileFailed' },
  build(input) {
    // Both would be counted twice by whoever reads both.
    return input.verdict?.apis.get(report.kind) === 'served' ? [] : findingsReport(input, policyReport);
  },
};
