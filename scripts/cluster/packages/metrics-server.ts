import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { reportWhile, type Report } from '../progress.ts';
import { goBuild } from './binaries.ts';

/** The version in go/metrics-server/go.mod; a test compares them. */
export const metricsServerVersion = '0.8.0';

/** The real metrics-server, by which autoscalers know CPU and memory; built on first use and cached by version. */
export async function ensureMetricsServer(cache: string, report: Report): Promise<string> {
  const directory = await cacheEntry(cache, `metrics-server-${metricsServerVersion}`, (unfinished) =>
    reportWhile(report, `building metrics-server ${metricsServerVersion} (once, minutes)`, (tell) =>
      goBuild({ module: 'metrics-server', target: 'tool', output: path.join(unfinished, 'metrics-server') }, tell),
    ),
  );
  return path.join(directory, 'metrics-server');
}
