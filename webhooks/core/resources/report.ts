import type { ExpandedKind } from './expanded-kind.ts';
import { findingsReport, reportsApi } from './findings-report.ts';

/** https://openreports.io: what PolicyReport has become. */
export const report: ExpandedKind = {
  apiVersion: 'openreports.io/v1alpha1',
  kind: 'Report',
  plural: 'reports',
  summary: 'Lists what rules find in the server, for dashboards of policies.',
  requirement: reportsApi,
  wanted: 'sometimes',
  isOfVerdict: true,
  unavailable: { reason: 'ReportUnavailable', order: 12, eventAction: 'ReportReconcileFailed' },
  build(input) {
    return findingsReport(input, report);
  },
};
