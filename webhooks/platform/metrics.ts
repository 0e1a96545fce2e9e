import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Registry } from 'prom-client';
import { startRepeating } from './timer.ts';
import { unexpectedErrors } from './unexpected-errors.ts';

/** Name prefix of every metric of ours. */
export const metricPrefix = 'mcp_lifecycle_';

/**
 * A registry of its own for one program: prom-client's global one would make two programs of one process (a test)
 * fight over names. `process: true` adds CPU, memory and event-loop delay of this process.
 */
export function createMetricsRegistry(options: { readonly program: string; readonly process: boolean }): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ program: options.program });
  if (options.process) addProcessMetrics(registry);
  return registry;
}

/** How often the delay of the event loop is sampled, in milliseconds. */
const delayResolutionMs = 20;

/**
 * The names are those of prom-client's default metrics, so that existing dashboards fit. Its own collection is not used
 * because it observes each garbage collection, which with a small heap is several times for each hundred requests.
 */
function addProcessMetrics(registry: Registry): void {
  const delay = monitorEventLoopDelay({ resolution: delayResolutionMs });
  delay.enable();
  const startedAt = Date.now() / 1000 - process.uptime();
  const readings: readonly (readonly [name: string, help: string, read: () => number])[] = [
    ['process_resident_memory_bytes', 'Resident memory of this process.', () => process.memoryUsage.rss()],
    ['process_start_time_seconds', 'When this process started, in seconds since 1970.', () => startedAt],
    ['nodejs_heap_size_used_bytes', 'Used part of the JavaScript heap.', () => process.memoryUsage().heapUsed],
    ['nodejs_external_memory_bytes', 'Memory of buffers outside of the heap.', () => process.memoryUsage().external],
    ['nodejs_eventloop_lag_p99_seconds', 'Event-loop delay since the last scrape, 99th percentile.', () => delayOf(99)],
    ['nodejs_eventloop_lag_max_seconds', 'Event-loop delay since the last scrape, maximum.', () => delayOf(100)],
  ];
  /** Nanoseconds, and NaN before the first sample. The last of the readings starts the next period. */
  const delayOf = (percentile: number): number => {
    const seconds = delay.percentile(percentile) / 1e9;
    if (percentile === 100) delay.reset();
    return Number.isFinite(seconds) ? seconds : 0;
  };
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of this process, user and system.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(cpuSeconds(process.cpuUsage()));
    },
  });
  new Counter({
    name: `${metricPrefix}unexpected_errors_total`,
    help: 'Errors that no code caught, by origin: exception, rejection. The log tells each; above 0 is a bug of ours.',
    labelNames: ['origin'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [origin, count] of Object.entries(unexpectedErrors())) this.inc({ origin }, count);
    },
  });
  countStalls(registry);
  for (const [name, help, read] of readings) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  }
}

/** Every so many milliseconds is looked whether it is much later than that. */
const stallPeriodMs = 500;
const stallMs = 1_000;

/** The delay of the event loop is forgotten by whoever scrapes; this is not. */
function countStalls(registry: Registry): void {
  const stalls = new Counter({
    name: `${metricPrefix}event_loop_stalls_total`,
    help: 'Times that this process did nothing for more than a second: it was busy with one thing, or stopped from outside.',
    registers: [registry],
  });
  let last = performance.now();
  startRepeating(() => {
    const now = performance.now();
    if (now - last > stallPeriodMs + stallMs) stalls.inc();
    last = now;
  }, stallPeriodMs).unref();
}

function cpuSeconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6;
}
