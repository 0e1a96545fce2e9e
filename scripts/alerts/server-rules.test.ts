import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { parse } from 'yaml';
import { API } from '../../webhooks/core/mcpserver/api.ts';
import { toolReasons } from '../../webhooks/core/plan/tool-reasons.ts';
import { createReconcilerMetrics } from '../../webhooks/reconciler/metrics.ts';
import { at, render, template, type Manifest } from '../chart/render.ts';
import { gatewaySamples } from './gateway-samples.ts';
import { metricsIn } from './promql.ts';
import { queriesOf, readCustomResourceState, readDashboard, readGroups, type RuleGroup } from './server-rules.ts';

const calls = { namespace: 'tools', name: 'search', answered: 100, failed: 2 };
const conditions = readGroups('conditions');
const traffic = readGroups('traffic');
const rules = [...conditions, ...traffic].flatMap((group) => group.rules);
const alerts = rules.flatMap((rule) => ('alert' in rule ? [rule] : []));
const recorded = rules.flatMap((rule) => ('record' in rule ? [rule.record] : []));
/** Of Prometheus itself. */
const ofPrometheus = ['ALERTS'];

function ourMetrics(): readonly string[] {
  const registry = new Registry();
  createReconcilerMetrics(registry);
  return registry.getMetricsAsArray().map(({ name }) => name);
}

function gatewayMetrics(): readonly string[] {
  const text = Object.values(gatewaySamples).map((samplesOf) => samplesOf(calls));
  return [...text.join('').matchAll(/^(\w+)\{/gm)].map(([, name = '']) => name);
}

describe('the rules for owners', () => {
  it('are PromQL about metrics that we or the gateways have', () => {
    const known = [...ourMetrics(), ...gatewayMetrics(), ...recorded];
    const unknown = rules.flatMap(({ expr }) => metricsIn(expr)).filter((name) => !known.includes(name));
    expect(unknown).toEqual([]);
  });

  it('record before they use it, in a group that is there without gateways as well', () => {
    const earlier = new Set<string>();
    for (const rule of rules) {
      const used = metricsIn(rule.expr).filter((name) => recorded.includes(name));
      expect(used.filter((name) => !earlier.has(name))).toEqual([]);
      if ('record' in rule) earlier.add(rule.record);
    }
  });

  it('speak of the reasons that conditions have', () => {
    const about = alerts.map(({ expr }) => /reason[=!]~"([^"]+)"/.exec(expr)?.[1]).filter((text) => text !== undefined);
    const { changed, notAllowed } = toolReasons;
    expect(new Set(about)).toEqual(new Set([`${changed}|${notAllowed}`]));
  });

  it('name the server in every summary, and keep to its labels', () => {
    expect(alerts.length).toBeGreaterThan(3);
    for (const { annotations, expr } of alerts) {
      expect(annotations.summary).toContain('{{ $labels.namespace }}/{{ $labels.mcpserver }}');
      expect(expr).toMatch(/^max by \(namespace, mcpserver\)/);
    }
  });

  it.each(Object.entries(gatewaySamples))('know a server by what %s calls it', (_, samplesOf) => {
    const [, envoy, label = ''] = /\b(envoy_cluster_name|service)="([^"]+)"/.exec(samplesOf(calls)) ?? [];
    const pattern = patternsIn(traffic).find((one) => one.startsWith('httproute') !== (envoy === 'envoy_cluster_name'));
    const isEnvoy = envoy === 'envoy_cluster_name';
    // As label_replace does.
    const found = label.replace(new RegExp(`^(?:${pattern ?? ''})$`), isEnvoy ? '$1/$2' : '$1$2');
    expect(found).toBe(isEnvoy ? 'tools/search' : 'tools-search');
  });

  it('take no server for another one because of how a route is called', () => {
    const [pattern = ''] = patternsIn(traffic).filter((one) => one.startsWith('httproute'));
    const hash = '799bcbf0c2317c5d1c93';
    const label = `httproute-x-${hash}-svc-tools-search-0-gw-g-p-ep-web-0-${hash}-svc-others-own-0@kubernetesgateway`;
    expect(label.replace(new RegExp(`^(?:${pattern})$`), '$1$2')).not.toBe('tools-search');
  });
});

/** The last argument of each label_replace that reads how a gateway calls a server. */
function patternsIn(groups: readonly RuleGroup[]): readonly string[] {
  const all = groups.flatMap((group) => group.rules.map(({ expr }) => expr)).join('\n');
  return [
    ...new Set([...all.matchAll(/"(?:envoy_cluster_name|(?:exported_)?service)", "([^"]+)"/g)].map(([, p = '']) => p)),
  ];
}

describe('the dashboard for owners', () => {
  it('asks in PromQL, of what the rules record', () => {
    const queries = queriesOf(readDashboard(), { namespace: 'tools', mcpserver: 'search' });
    const asked = queries.flatMap((query) => metricsIn(query));
    expect(asked.filter((name) => !recorded.includes(name) && !ofPrometheus.includes(name))).toEqual([]);
    expect(queries.join()).not.toContain('$');
  });

  it('chooses by labels that the series have', () => {
    const variables = readDashboard().templating.list.flatMap(({ query }) =>
      typeof query === 'string' ? [] : query.query,
    );
    expect(variables).toHaveLength(2);
    for (const text of variables) {
      const [, series = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(text) ?? [];
      expect(metricsIn(series)).toEqual(['mcp_server:condition:info']);
      expect(['namespace', 'mcpserver']).toContain(label);
    }
  });
});

describe('what kube-state-metrics reads of a server', () => {
  it('is in its schema', async () => {
    const text = await readFile(new URL('../../crds/mcpservers.mcp.x-k8s.io.yaml', import.meta.url), 'utf8');
    const versions = at(parse(text), 'spec.versions') as readonly { name: string; schema: unknown }[];
    for (const { groupVersionKind, metrics } of readCustomResourceState().spec.resources) {
      const { group, version, kind } = groupVersionKind;
      expect({ group, kind }).toEqual({ group: API.group, kind: API.kind });
      const schema = at(versions.find(({ name }) => name === version)?.schema, 'openAPIV3Schema');
      const isThere = (path: readonly string[]): boolean => at(schema, toSchemaPath(path)) !== undefined;
      for (const { each } of metrics) {
        const { path, labelsFromPath = {}, valueFrom } = each[each.type === 'Info' ? 'info' : 'gauge'] ?? { path: [] };
        const read = [...Object.values(labelsFromPath), ...(valueFrom === undefined ? [] : [valueFrom])];
        const all = [path, ...read.map((inside) => [...path, 'items', ...inside])];
        expect(all.filter((one) => !isThere(one))).toEqual([]);
      }
    }
  });
});

function toSchemaPath(path: readonly string[]): string {
  return path.map((step) => (step === 'items' ? step : `properties.${step}`)).join('.');
}

describe('the chart', () => {
  const rendered = async (...values: readonly string[]): Promise<readonly Manifest[]> =>
    (await render('--set', values.join(','))).filter(({ metadata }) => metadata.name.includes('mcp-servers'));
  const namesIn = (rule: Manifest | undefined): readonly unknown[] =>
    (at(rule, 'spec.groups') as readonly RuleGroup[]).map(({ name }) => name);

  it('has none of it unless it is asked for', async () => {
    expect(await rendered('monitoring.enabled=true')).toEqual([]);
  });

  it('has rules about conditions, and with the namespaces of gateways about traffic', async () => {
    const [rule] = await rendered('monitoring.rules.enabled=true', 'monitoring.rules.labels.release=prometheus');
    expect(rule).toMatchObject({ kind: 'PrometheusRule', metadata: { labels: { release: 'prometheus' } } });
    expect(namesIn(rule)).toEqual(conditions.map(({ name }) => name));
    expect(JSON.stringify(rule)).toContain('namespace=\\"mcp-lifecycle-system\\"');
    const [both] = await rendered(
      'monitoring.rules.enabled=true',
      'monitoring.rules.gatewayNamespaces={gateways,edge}',
    );
    expect(namesIn(both)).toEqual([...conditions, ...traffic].map(({ name }) => name));
    expect(JSON.stringify(both)).toContain('namespace=~\\"gateways|edge\\"');
    expect(JSON.stringify(both)).not.toMatch(/OWN_NAMESPACE|GATEWAY_NAMESPACES/);
  });

  it('refuses a gateway namespace that is a pattern', async () => {
    const values = 'monitoring.rules.enabled=true,monitoring.rules.gatewayNamespaces={.*}';
    await expect(template('--set', values)).rejects.toThrow(/gatewayNamespaces/);
  });

  it('has the dashboard and the configuration of kube-state-metrics as they are', async () => {
    const found = await rendered('monitoring.dashboards.enabled=true', 'monitoring.kubeStateMetrics.enabled=true');
    const [dashboard, state] = found;
    expect(dashboard?.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    expect(JSON.parse(String(Object.values(at(dashboard, 'data') ?? {})[0]))).toEqual(readDashboard());
    expect(parse(String(Object.values(at(state, 'data') ?? {})[0]))).toEqual(readCustomResourceState());
  });
});
