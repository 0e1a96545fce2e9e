import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly (RecordingRule | AlertingRule)[];
}

/** The groups of `monitoring.rules`, as the chart has them before it puts names of namespaces in. */
export function readGroups(file: 'conditions' | 'traffic'): readonly RuleGroup[] {
  return parse(read(`${file}.yaml`)) as readonly RuleGroup[];
}

export interface Dashboard {
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string | { readonly query: string } }[];
  };
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

export function readDashboard(): Dashboard {
  return JSON.parse(read('dashboard.json')) as Dashboard;
}

/** Every query of its panels, for these values of its variables. */
export function queriesOf({ panels }: Dashboard, values: Readonly<Record<string, string>>): readonly string[] {
  const fill = (text: string): string => text.replaceAll(/\$(\w+)/g, (_, name: string) => values[name] ?? `$${name}`);
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => fill(expr)));
}

/** For kube-state-metrics: https://github.com/kubernetes/kube-state-metrics/blob/main/docs/metrics/extend/customresourcestate-metrics.md */
export interface CustomResourceState {
  readonly spec: {
    readonly resources: readonly {
      readonly groupVersionKind: { readonly group: string; readonly version: string; readonly kind: string };
      readonly labelsFromPath: Readonly<Record<string, readonly string[]>>;
      readonly metrics: readonly {
        readonly name: string;
        readonly each: {
          readonly type: 'Gauge' | 'Info';
          readonly gauge?: StateMetric;
          readonly info?: StateMetric;
        };
      }[];
    }[];
  };
}

export interface StateMetric {
  readonly path: readonly string[];
  readonly labelsFromPath?: Readonly<Record<string, readonly string[]>>;
  readonly valueFrom?: readonly string[];
}

export function readCustomResourceState(): CustomResourceState {
  return parse(read('kube-state-metrics.yaml')) as CustomResourceState;
}

function read(file: string): string {
  return readFileSync(new URL(`../../chart/monitoring/${file}`, import.meta.url), 'utf8');
}
