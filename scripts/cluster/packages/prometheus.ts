import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { reportWhile, type Report } from '../progress.ts';
import { goBuild } from './binaries.ts';
import { operatorVersion } from './monitoring-kinds.ts';

/** The version in go/prometheus/go.mod, where v3.x is v0.30x; a test compares them. */
export const prometheusVersion = '0.316.0';

/** Of all ways to find targets only the one that the operator writes: the others are most of the program. */
const tags = ['remove_all_sd', 'enable_kubernetes_sd'];

const programs = 'github.com/prometheus/prometheus/cmd';

export interface PrometheusPrograms {
  readonly prometheus: string;
  /** Reaches an API server by `--apiserver`. */
  readonly operator: string;
}

/** The real Prometheus and its operator, built on first use and cached by version. */
export async function ensurePrometheus(cache: string, report: Report): Promise<PrometheusPrograms> {
  const prometheus = await cacheEntry(cache, `prometheus-${prometheusVersion}`, (unfinished) =>
    reportWhile(report, `building Prometheus ${prometheusVersion} (once, minutes)`, (tell) =>
      goBuild(
        { module: 'prometheus', target: `${programs}/prometheus`, output: path.join(unfinished, 'prometheus'), tags },
        tell,
      ),
    ),
  );
  const operator = await cacheEntry(cache, `prometheus-operator-${operatorVersion}`, (unfinished) =>
    reportWhile(report, `building the Prometheus operator ${operatorVersion} (once, minutes)`, (tell) =>
      goBuild({ module: 'prometheus-operator', target: 'tool', output: path.join(unfinished, 'operator') }, tell),
    ),
  );
  return { prometheus: path.join(prometheus, 'prometheus'), operator: path.join(operator, 'operator') };
}

/** Prometheus' own tool, which checks and tries rules. */
export async function ensurePromtool(cache: string, report: Report): Promise<string> {
  const directory = await cacheEntry(cache, `promtool-${prometheusVersion}`, (unfinished) =>
    reportWhile(report, `building promtool ${prometheusVersion} (once, minutes)`, (tell) =>
      goBuild(
        { module: 'prometheus', target: `${programs}/promtool`, output: path.join(unfinished, 'promtool'), tags },
        tell,
      ),
    ),
  );
  return path.join(directory, 'promtool');
}
