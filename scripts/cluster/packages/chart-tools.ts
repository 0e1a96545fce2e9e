import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { reportWhile, type Report } from '../progress.ts';
import { goBuild } from './binaries.ts';

/** What only tests of the chart need, each in the version of its go.mod; a test compares them. */
export const chartToolVersions = { 'helm-3': '3.22.0', kubeconform: '0.8.0', registry: '0.22.1' } as const;

export type ChartTool = keyof typeof chartToolVersions;

/** The program, built on first use and cached by version. */
export async function ensureChartTool(cache: string, tool: ChartTool, report: Report): Promise<string> {
  const version = chartToolVersions[tool];
  const directory = await cacheEntry(cache, `${tool}-${version}`, (unfinished) =>
    reportWhile(report, `building ${tool} ${version} (once)`, (tell) =>
      goBuild({ module: tool, target: 'tool', output: path.join(unfinished, tool) }, tell),
    ),
  );
  return path.join(directory, tool);
}
