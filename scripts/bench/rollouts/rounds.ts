import { metricPrefix } from '../../../webhooks/platform/metrics.ts';

/** Of the reconciler that runs: see stand-in/reconciler.ts. */
const url = 'http://127.0.0.1:18082/metrics';
const line = new RegExp(`^${metricPrefix}reconcile_duration_seconds_count(?:\\{.*\\})? (\\S+)$`, 'gm');

/** How often it has reconciled any server since its start. */
export async function readRounds(): Promise<number> {
  const text = await (await fetch(url)).text();
  return [...text.matchAll(line)].reduce((sum, [, count]) => sum + Number(count), 0);
}
