import { collectDefaultMetrics, Registry } from 'prom-client';

/** Name prefix of every metric of ours. */
export const metricPrefix = 'mcp_lifecycle_';

/**
 * A registry of its own for one program: prom-client's global one would make two programs of one process (a test)
 * fight over names. `process: true` adds CPU, memory, garbage collection and event-loop delay of this process.
 */
export function createMetricsRegistry(options: { readonly program: string; readonly process: boolean }): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ program: options.program });
  if (options.process) collectDefaultMetrics({ register: registry });
  return registry;
}
