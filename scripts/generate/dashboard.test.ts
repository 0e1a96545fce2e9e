import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { metricsIn } from '../alerts/promql.ts';
import { at, render } from '../chart/render.ts';
import { panels } from './dashboard.ts';
import { registeredMetrics } from './metrics-page.ts';

const { webhook, reconciler } = registeredMetrics();
const existing = new Map([...webhook, ...reconciler].map((metric) => [metric.name, metric]));
const metricOf = (name: string) => existing.get(name.replace(/_(?:bucket|count)$/, ''));

describe.each(panels)('the panel "$title"', ({ queries }) => {
  it.each(queries)('asks for metrics that exist: %s', (expression, legend) => {
    const metrics = metricsIn(expression).map(metricOf);
    expect(metrics.length).toBeGreaterThan(0);
    expect(metrics).not.toContain(undefined);
    // What a scrape adds besides.
    const labels = new Set([...metrics.flatMap((metric) => metric?.labels ?? []), 'program', 'pod']);
    const told = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
    expect(told.filter((label) => !labels.has(label))).toEqual([]);
  });
});

it('no panel names single servers', () => {
  const names = panels.flatMap(({ queries }) => queries.flatMap(([expression]) => metricsIn(expression)));
  expect(names.filter((name) => metricOf(name)?.labels.includes('name') === true)).toEqual([]);
});

it('the chart has it in a ConfigMap with the label that the sidecar of Grafana looks for', async () => {
  const rendered = await render('--set', 'dashboard.enabled=true,dashboard.annotations.grafana_folder=Platform');
  const found = rendered.find(({ metadata }) => metadata.name === 'mcp-lifecycle-dashboard');
  expect(found?.metadata).toMatchObject({
    ...{ labels: { grafana_dashboard: '1' }, annotations: { grafana_folder: 'Platform' } },
  });
  const data = at(found, 'data') as Readonly<Record<string, string>>;
  expect(JSON.parse(data['mcp-lifecycle.json'] ?? '')).toEqual(
    JSON.parse(readFileSync('chart/dashboard.json', 'utf8')),
  );
});
