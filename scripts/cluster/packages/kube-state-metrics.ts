import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { reportWhile, type Report } from '../progress.ts';
import { goBuild } from './binaries.ts';

/** The version in go/kube-state-metrics/go.mod; a test compares them. */
export const kubeStateMetricsVersion = '2.18.0';

/** The real kube-state-metrics, built on first use and cached by version. */
export async function ensureKubeStateMetrics(cache: string, report: Report): Promise<string> {
  const directory = await cacheEntry(cache, `kube-state-metrics-${kubeStateMetricsVersion}`, (unfinished) =>
    reportWhile(report, `building kube-state-metrics ${kubeStateMetricsVersion} (once, minutes)`, (tell) =>
      goBuild(
        { module: 'kube-state-metrics', target: 'tool', output: path.join(unfinished, 'kube-state-metrics') },
        tell,
      ),
    ),
  );
  return path.join(directory, 'kube-state-metrics');
}
