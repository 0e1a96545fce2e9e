import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Why a process of the server was started again. */
export const restartReasons = ['exited', 'failed-start', 'message-limit'] as const;
export type RestartReason = (typeof restartReasons)[number];

/** How a call ended, where it did not succeed; OpenTelemetry's `error.type`. */
export const operationErrors = ['rpc_error', 'cancelled', 'server_exited', 'refused', '_OTHER'] as const;
export type OperationError = (typeof operationErrors)[number];

export interface BridgeMetrics {
  /** A call of a client from its body to its answer. */
  observeOperation(method: string, error: OperationError | undefined, seconds: number): void;
  observeChildStart(seconds: number): void;
  childRestarted(reason: RestartReason): void;
  garbageLine(): void;
  answerCutOff(): void;
}

export interface BridgeGauges {
  readonly sessions: () => number;
  readonly maxSessions: number;
}

/** Methods of the protocol; others are `_OTHER`, because a label never comes from what somebody sent. */
const knownMethods: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'server/discover',
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'logging/setLevel',
  'subscriptions/listen',
  'tasks/get',
  'tasks/list',
  'tasks/result',
  'tasks/update',
  'tasks/cancel',
]);

/**
 * Names are those of OpenTelemetry's conventions for MCP as Prometheus writes them:
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/
 */
export function createBridgeMetrics(registry: Registry, { sessions, maxSessions }: BridgeGauges): BridgeMetrics {
  const registers = [registry];
  const operations = new Histogram({
    name: 'mcp_server_operation_duration_seconds',
    help: 'Time from a request of a client to the answer of the server.',
    labelNames: ['mcp_method_name', 'error_type'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120],
    registers,
  });
  const starts = new Histogram({
    name: 'mcp_bridge_child_start_seconds',
    help: 'Time from the start of a process of the server until it has answered for the first time.',
    buckets: [0.05, 0.2, 0.5, 1, 2, 5, 15, 60],
    registers,
  });
  const restarts = new Counter({
    name: 'mcp_bridge_child_restarts_total',
    help: 'Starts of a process of the server after one that ended or did not start.',
    labelNames: ['reason'],
    registers,
  });
  const garbage = new Counter({
    name: 'mcp_bridge_garbage_lines_total',
    help: 'Lines on the standard output of the server that are no messages, and were dropped.',
    registers,
  });
  const cutOff = new Counter({
    name: 'mcp_bridge_unread_answers_total',
    help: 'Answers and streams that were cut off because clients left more unread than the bridge keeps for all of them.',
    registers,
  });
  new Gauge({
    name: 'mcp_bridge_sessions',
    help: 'Open sessions; each is a process of the server, unless they share one.',
    registers,
    collect() {
      this.set(sessions());
    },
  });
  new Gauge({
    name: 'mcp_bridge_sessions_max',
    help: 'Most sessions at the same time: spec.extensions.stdio.maxSessions.',
    registers,
  }).set(maxSessions);
  return {
    observeOperation(method, error, seconds) {
      const name = knownMethods.has(method) ? method : '_OTHER';
      operations.observe({ mcp_method_name: name, error_type: error ?? '' }, seconds);
    },
    observeChildStart(seconds) {
      starts.observe(seconds);
    },
    childRestarted(reason) {
      restarts.inc({ reason });
    },
    garbageLine() {
      garbage.inc();
    },
    answerCutOff() {
      cutOff.inc();
    },
  };
}
