import { expect, it } from '@jest/globals';
import { createMetricsRegistry } from './metrics.ts';

it('counts that it stood still for more than a second', async () => {
  const registry = createMetricsRegistry({ program: 'webhook', process: true });
  const stalls = async (): Promise<number> =>
    Number(/^mcp_lifecycle_event_loop_stalls_total\{.*\} (\d+)$/m.exec(await registry.metrics())?.[1]);
  const before = await stalls();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_700);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(await stalls()).toBeGreaterThan(before);
});

it('tells the CPU time of the process as a counter, whose scrapes do not add up', async () => {
  const registry = createMetricsRegistry({ program: 'webhook', process: true });
  await registry.metrics();
  const before = process.cpuUsage();
  const text = await registry.metrics();
  const after = process.cpuUsage();
  expect(text).toContain('# TYPE process_cpu_seconds_total counter');
  const told = Number(/^process_cpu_seconds_total\{program="webhook"\} (\S+)$/m.exec(text)?.[1]);
  expect(told).toBeGreaterThanOrEqual((before.user + before.system) / 1e6);
  expect(told).toBeLessThanOrEqual((after.user + after.system) / 1e6);
});
