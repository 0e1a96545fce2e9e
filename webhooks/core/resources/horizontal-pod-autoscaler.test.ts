import { describe, expect, it } from '@jest/globals';
import type { AutoscalingSettings, MCPServer } from '../mcpserver/types.gen.ts';
import { anMCPServer, withRawSpec, withSpec } from '../testing/builders.ts';
import type { Option } from '../testing/builders.ts';
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts';

const stateless = withRawSpec({ mcp: { stateless: true } });
const scaled = (autoscaling: AutoscalingSettings, ...options: readonly Option[]): MCPServer =>
  anMCPServer(stateless, ...options, withSpec({ extensions: { autoscaling } }));
const specOf = (server: MCPServer): unknown => horizontalPodAutoscaler.build({ server })[0]?.['spec'];
const cpu = (averageUtilization: number): object => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});
const memory = {
  type: 'Resource',
  resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '200Mi' } },
} as const;

describe('HorizontalPodAutoscaler', () => {
  it('scales the MCPServer and not the Deployment, by 80 % of its CPU', () => {
    expect(specOf(scaled({ maxReplicas: 5 }))).toEqual({
      scaleTargetRef: { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', name: 'search' },
      minReplicas: 1,
      maxReplicas: 5,
      metrics: [cpu(80)],
    });
  });

  it.each<[string, AutoscalingSettings, readonly object[]]>([
    ['another share of the CPU', { maxReplicas: 5, targetCPUUtilizationPercentage: 50 }, [cpu(50)]],
    ['metrics alone, and then no CPU', { maxReplicas: 5, metrics: [memory] }, [memory]],
    [
      'metrics beside the CPU, where both are asked for',
      { maxReplicas: 5, targetCPUUtilizationPercentage: 50, metrics: [memory] },
      [cpu(50), memory],
    ],
  ])('scales by %s', (_, autoscaling, metrics) => {
    expect(specOf(scaled(autoscaling))).toMatchObject({ metrics });
  });

  it('leaves out what says nothing, which the API server would not store', () => {
    const target = { type: 'Value', value: 3 } as const;
    const external = { metric: { name: 'queue', selector: {} }, target };
    const metrics: AutoscalingSettings['metrics'] = [{ type: 'External', external }];
    expect(specOf(scaled({ maxReplicas: 5, metrics, behavior: { scaleUp: {} } }))).toEqual({
      ...{ scaleTargetRef: expect.anything(), minReplicas: 1, maxReplicas: 5 },
      metrics: [{ type: 'External', external: { metric: { name: 'queue' }, target } }],
    });
  });

  it('lets pods that may keep sessions go after half an hour, unless the author says when', () => {
    const stateful = withRawSpec({ mcp: { stateless: false } });
    const behaviorOf = (behavior: AutoscalingSettings['behavior'], ...options: readonly Option[]): unknown =>
      specOf(scaled({ maxReplicas: 5, ...(behavior === undefined ? {} : { behavior }) }, ...options));
    expect(behaviorOf(undefined, stateful)).toMatchObject({
      behavior: { scaleDown: { stabilizationWindowSeconds: 1800 } },
    });
    expect(behaviorOf({ scaleDown: { stabilizationWindowSeconds: 60 } }, stateful)).toMatchObject({
      behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
    });
    const perMinute = { policies: [{ type: 'Pods' as const, value: 1, periodSeconds: 60 }] };
    expect(behaviorOf({ scaleDown: perMinute, scaleUp: perMinute }, stateful)).toMatchObject({
      behavior: { scaleDown: { stabilizationWindowSeconds: 1800, ...perMinute }, scaleUp: perMinute },
    });
    const perSession = withRawSpec({ extensions: { stdio: { command: ['server'], sessions: 'PerSession' } } });
    const autoscaling = { extensions: { autoscaling: { maxReplicas: 5 } } };
    expect(specOf(anMCPServer(stateless, perSession, withRawSpec(autoscaling)))).toMatchObject({
      behavior: { scaleDown: { stabilizationWindowSeconds: 1800 } },
    });
    expect(behaviorOf(undefined)).not.toHaveProperty('behavior');
  });
});

describe('what is read of it', () => {
  const since = '2026-01-01T00:00:00Z';
  const read = (...conditions: readonly object[]): unknown =>
    horizontalPodAutoscaler.trouble?.read({ status: { conditions } });
  const isFalse = (type: string, reason: string): object => ({
    ...{ type, status: 'False', reason, message: 'why', lastTransitionTime: since },
  });

  it('is what keeps it from scaling, the scale before the metrics', () => {
    const noMetrics = isFalse('ScalingActive', 'FailedGetResourceMetric');
    expect(read(noMetrics)).toEqual({ cause: 'FailedGetResourceMetric', message: 'why', since });
    expect(read(noMetrics, isFalse('AbleToScale', 'FailedUpdateScale'))).toMatchObject({ cause: 'FailedUpdateScale' });
  });

  it.each<[string, readonly object[]]>([
    ['it scales', [{ type: 'ScalingActive', status: 'True' }]],
    ['it has reached a limit, as it should', [isFalse('ScalingLimited', 'DesiredWithinRange')]],
    ['its server was stopped', [isFalse('ScalingActive', 'ScalingDisabled')]],
    ['it says nothing yet', []],
  ])('is nothing when %s', (_, conditions) => {
    expect(read(...conditions)).toBeUndefined();
  });

  it('is nothing of an object that somebody wrote anything into', () => {
    for (const status of [undefined, 3, { conditions: 'x' }, { conditions: [null, 3, 'x'] }])
      expect(horizontalPodAutoscaler.trouble?.read({ status })).toBeUndefined();
  });
});
