import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { at, render } from '../chart/render.ts';
import { anchorsOf } from '../docs/anchors.ts';
import { registeredMetrics } from '../generate/metrics-page.ts';
import { alertCases, toPromtoolTests } from './alert-cases.ts';
import { readAlerts } from './alerts.ts';
import { metricsIn } from './promql.ts';

const alerts = readAlerts();

const { webhook, reconciler } = registeredMetrics();

/** Ours, and those of API servers that tell what became of our webhooks. */
const existing = new Set([
  ...[...webhook, ...reconciler].flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
  ...['apiserver_admission_webhook_fail_open_count', 'apiserver_admission_webhook_rejection_count'],
]);

it.each(alerts)('$alert asks for metrics that exist', ({ expr }) => {
  const asked = metricsIn(expr);
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter((name) => !existing.has(name))).toEqual([]);
});

it('an expression that is no PromQL is told', () => {
  expect(() => metricsIn('sum(up')).toThrow(/no PromQL/);
  expect(metricsIn('sum by (pod) (rate(a_total{b="c"}[5m])) / up > 1')).toEqual(['a_total', 'up']);
});

it('each alert has cases in which promtool sees it fire, and stay quiet', () => {
  expect(new Set(alertCases.map(({ alert }) => alert))).toEqual(new Set(alerts.map(({ alert }) => alert)));
  const series = alertCases.flatMap(({ fires, quiet }) => [...Object.keys(fires), ...Object.keys(quiet)]);
  expect(series.flatMap(metricsIn).filter((name) => !existing.has(name))).toEqual([]);
  expect(toPromtoolTests('alerts.yaml', alerts)).toMatchObject({ tests: { length: 2 * alertCases.length } });
});

it.each(alerts)('$alert leads to a heading that exists', ({ annotations: { runbook } }) => {
  const [page = '', heading] = runbook.split('#');
  expect(existsSync(page)).toBe(true);
  if (heading === undefined) return;
  expect(anchorsOf(readFileSync(page, 'utf8'))).toContain(heading);
});

it('the chart has them in a PrometheusRule, with the labels that are asked for', async () => {
  const rendered = await render(
    ...[
      '--set',
      'prometheusRule.enabled=true,prometheusRule.labels.release=team,prometheusRule.alertLabels.team=infra',
    ],
  );
  const rule = rendered.find(({ kind }) => kind === 'PrometheusRule');
  expect(rule?.metadata.labels).toMatchObject({ release: 'team' });
  const groups = at(rule, 'spec.groups') as readonly { readonly rules: readonly object[] }[];
  expect(groups.flatMap(({ rules }) => rules)).toEqual(
    alerts.map((alert) => ({ ...alert, labels: { ...alert.labels, team: 'infra' } })),
  );
});

it('the chart has a ServiceMonitor of both containers, whose series name no server unless they shall', async () => {
  const monitorOf = async (...args: readonly string[]): Promise<unknown> => {
    const rendered = await render('--set', 'serviceMonitor.enabled=true,serviceMonitor.labels.release=team', ...args);
    const service = rendered.find(({ metadata }) => metadata.name === 'mcp-lifecycle-metrics');
    const monitor = rendered.find(({ kind }) => kind === 'ServiceMonitor');
    expect(service?.metadata.labels).toMatchObject(at(monitor, 'spec.selector.matchLabels') as object);
    return monitor;
  };
  const usual = await monitorOf();
  expect(at(usual, 'metadata.labels')).toMatchObject({ release: 'team' });
  const drop = [{ action: 'drop', sourceLabels: ['name'], regex: '.+' }];
  expect(at(usual, 'spec.endpoints')).toMatchObject([
    { port: 'webhook', metricRelabelings: drop },
    { port: 'reconciler', metricRelabelings: drop },
  ]);
  const naming = await monitorOf('--set', 'serviceMonitor.serverNames=true,serviceMonitor.interval=15s');
  expect(at(naming, 'spec.endpoints.0')).toEqual({
    ...{ port: 'webhook', path: '/metrics', honorLabels: true, interval: '15s' },
  });
});
