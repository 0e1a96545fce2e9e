import type { AutoscalingSettings, MCPServer } from './types.gen.ts';

/** One of `spec.extensions.autoscaling.metrics`. */
export type ScalingMetric = NonNullable<AutoscalingSettings['metrics']>[number];

/** Per cent of the CPU that pods request, where a spec names no metric. */
const defaultCpuUtilization = 80;

/** Undefined for a server that has as many pods as its spec says. */
export function autoscalingOf({ spec }: MCPServer): AutoscalingSettings | undefined {
  return spec.extensions?.autoscaling;
}

/** The metrics by which a server scales: the CPU first, where it counts. */
export function metricsToScaleBy({
  metrics = [],
  targetCPUUtilizationPercentage,
}: AutoscalingSettings): readonly ScalingMetric[] {
  if (targetCPUUtilizationPercentage === undefined && metrics.length > 0) return metrics;
  const averageUtilization = targetCPUUtilizationPercentage ?? defaultCpuUtilization;
  const resource = { name: 'cpu', target: { type: 'Utilization', averageUtilization } } as const;
  return [{ type: 'Resource', resource }, ...metrics];
}

/** The fewest pods that the server has while it is not stopped: what can be relied on during a drain. */
export function fewestPods(server: MCPServer): number {
  const autoscaling = autoscalingOf(server);
  const { replicas = 1 } = server.spec.runtime ?? {};
  return autoscaling === undefined || replicas === 0 ? replicas : Math.max(1, autoscaling.minReplicas ?? 1);
}

/** Whether clients are bound to one pod, so that they lose something with it. Who says nothing may keep sessions. */
export function mayKeepSessions({ spec }: MCPServer): boolean {
  return spec.mcp?.stateless !== true || spec.extensions?.stdio?.sessions === 'PerSession';
}
