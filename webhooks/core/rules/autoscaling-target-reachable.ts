import type { Rule } from '../engine/rule.ts';
import { each, none } from '../engine/violations.ts';
import { autoscalingOf, type ScalingMetric } from '../mcpserver/autoscaling.ts';
import { inside, pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import { stdioOf, type Stdio } from '../mcpserver/stdio.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { toNano } from './parts/quantity.ts';

/** Of the bridge of a server for stdio (webhooks/bridge/metrics.ts). */
const SESSIONS_METRIC = 'mcp_bridge_sessions';

/**
 * Per cent of a target that have to be exceeded before an autoscaler does anything.
 * https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
 */
const tolerancePercent = 10n;

const billion = 1_000_000_000n;

const scaledAt = (averageValue: string, maxSessions?: number): Readonly<Record<string, unknown>> => ({
  extensions: {
    stdio: { command: ['node', '/app/server.js'], ...(maxSessions === undefined ? {} : { maxSessions }) },
    autoscaling: {
      maxReplicas: 5,
      metrics: [
        { type: 'Pods', pods: { metric: { name: SESSIONS_METRIC }, target: { type: 'AverageValue', averageValue } } },
      ],
    },
  },
});

export const autoscalingTargetReachable: Rule = {
  id: 'autoscaling-target-reachable',
  severity: 'warn',
  stricterIn: 12,
  summary: 'A server for stdio that is scaled by its sessions should get more pods before each pod is full.',
  rationale:
    'A pod of a server for stdio has at most `stdio.maxSessions` sessions, and refuses clients that come then. An autoscaler adds pods ' +
    'when their average is more than a tenth above the target, so a target near `maxSessions`, or beyond it, is never exceeded: every ' +
    'pod is full, clients are refused, and no pod is added. 70 % of `maxSessions` leaves room for those that come while one starts.',
  remedy: 'Lower averageValue, or raise spec.extensions.stdio.maxSessions.',
  examples: {
    accepts: [
      { title: '70 % of the 16 sessions of a pod', spec: scaledAt('11') },
      { title: 'pods with more sessions', spec: scaledAt('20', 32) },
      {
        title: 'a server that is not scaled',
        spec: { extensions: { stdio: { command: ['node', '/app/server.js'] } } },
      },
    ],
    rejects: [
      { title: 'more sessions than a pod has', spec: scaledAt('20') },
      { title: 'as many as a pod has, which nothing exceeds', spec: scaledAt('4', 4) },
      { title: 'fewer, and not by the tenth that autoscalers tolerate', spec: scaledAt('15') },
    ],
  },
  check: ({ server }) => {
    const stdio = stdioOf(server);
    if (stdio === undefined) return none;
    return each(autoscalingOf(server)?.metrics, metricsPlace, (metric, place) => checkMetric(stdio, metric, place));
  },
};

const metricsPlace = placeOf('spec', 'extensions', 'autoscaling', 'metrics');

function checkMetric({ maxSessions }: Stdio, { pods }: ScalingMetric, place: Place): readonly Violation[] {
  const averageValue = pods?.metric.name === SESSIONS_METRIC ? pods.target.averageValue : undefined;
  const target = averageValue === undefined ? undefined : toNano(averageValue);
  const most = BigInt(maxSessions) * billion;
  if (target === undefined || target * (100n + tolerancePercent) < most * 100n) return none;
  return [
    {
      path: pathTo(inside(inside(place, 'pods'), 'target'), 'averageValue'),
      headline: 'the pods are full before another one is added',
      detail: `found ${String(averageValue)} of at most ${maxSessions} sessions`,
      cause: [String(maxSessions)],
      remedy: remedyFor(maxSessions),
    },
  ];
}

/** Of one session nothing is a usable part. */
function remedyFor(maxSessions: number): string {
  const good = Math.floor((maxSessions * 7) / 10);
  return good === 0
    ? 'Raise spec.extensions.stdio.maxSessions, or scale by something else.'
    : `Set ${good} or less, or raise spec.extensions.stdio.maxSessions.`;
}
