import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** The rules of `prometheusRule.enabled`, which Prometheus reads as they are. */
export const alertsFile = new URL('../../chart/alerts.yaml', import.meta.url);

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: 'critical' | 'warning' | 'info' };
  readonly annotations: {
    readonly summary: string;
    /** A page of this repository, with a heading where one fits. */
    readonly runbook: string;
  };
}

export function readAlerts(): readonly Alert[] {
  const { groups } = parse(readFileSync(alertsFile, 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly Alert[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}
