import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { NextEvent } from '../core/plan/events.ts';
import { splitKey } from '../platform/kube/object.ts';
import type { ProbeResult } from '../platform/mcp/probe.ts';

/** `result` of the handshake metrics, in the words of the reference operator. */
export const handshakeResults = {
  verified: 'success',
  'auth-required': 'auth_skip',
  throttled: 'skip',
  failed: 'failure',
} as const satisfies Record<ProbeResult['state'], string>;

/** How the handshake metrics are called, with labels for each server and without. */
export const handshakeMetrics = {
  total: { name: 'mcpserver_handshake_total', help: 'MCP endpoints asked, by result.' },
  seconds: {
    name: 'mcpserver_handshake_duration_seconds',
    help: 'Time until an MCP endpoint had answered or failed.',
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
} as const;

/** Parts of a round, as the reference operator calls them: what is decided, and the writes of each kind. */
export const phases = ['validation', 'deployment', 'service', 'networkpolicy'] as const;

export type Phase = (typeof phases)[number];

/** By kind, the counter of what could not be brought about. */
const failureCounters = {
  Deployment: 'mcpserver_deployment_failures_total',
  Service: 'mcpserver_service_failures_total',
  NetworkPolicy: 'mcpserver_networkpolicy_failures_total',
} as const;

const serverLabels = ['name', 'namespace'] as const;
const reconcileError = 'ReconcileError';
const invalid = 'Invalid';

/**
 * What `metrics.perServer` of the chart adds: the metrics of the reference operator under its names and labels. Series of one
 * server are gone with it, and all of them when another replica leads.
 */
export class PerServerMetrics {
  readonly #handshakes: Counter;
  readonly #handshakeSeconds: Histogram;
  readonly #invalid: Counter;
  readonly #failures: ReadonlyMap<string, Counter>;
  readonly #capabilityChanges: Counter;
  readonly #phaseSeconds: Histogram;

  constructor(registry: Registry) {
    const registers = [registry];
    const withReason = [...serverLabels, 'reason'];
    this.#handshakes = new Counter({ ...handshakeMetrics.total, labelNames: [...serverLabels, 'result'], registers });
    this.#handshakeSeconds = new Histogram({
      ...handshakeMetrics.seconds,
      ...{ buckets: [...handshakeMetrics.seconds.buckets], labelNames: serverLabels, registers },
    });
    this.#invalid = new Counter({
      name: 'mcpserver_validation_failures_total',
      help: 'How often Accepted turned False, or was so for another reason.',
      ...{ labelNames: withReason, registers },
    });
    this.#failures = new Map(
      Object.entries(failureCounters).map(([kind, name]) => {
        const help = `Tries to bring the ${kind} of the server about that failed.`;
        return [kind, new Counter({ name, help, labelNames: withReason, registers })];
      }),
    );
    this.#capabilityChanges = new Counter({
      name: 'mcpserver_capability_changes_total',
      help: 'How often the server said that it has other capabilities than before.',
      ...{ labelNames: serverLabels, registers },
    });
    this.#phaseSeconds = new Histogram({
      name: 'mcpserver_reconcile_phase_duration_seconds',
      help: 'Time that a part of a round took; a kind is written only when there is something to write.',
      ...{ labelNames: ['phase'], registers },
    });
  }

  observeProbe(key: string, state: ProbeResult['state'], seconds: number): void {
    const of = labelsOf(key);
    this.#handshakes.inc({ ...of, result: handshakeResults[state] });
    this.#handshakeSeconds.observe(of, seconds);
  }

  /** `kind`: of the object that could not be written, or has the name of somebody else's. */
  observeFailure(key: string, kind: string): void {
    this.#failures.get(kind)?.inc({ ...labelsOf(key), reason: reconcileError });
  }

  /** What is told of a server. */
  observeEvents(key: string, events: readonly Pick<NextEvent, 'reason'>[]): void {
    for (const { reason } of events) {
      if (reason === 'Invalid') this.#invalid.inc({ ...labelsOf(key), reason: invalid });
      if (reason === 'CapabilityChanged') this.#capabilityChanges.inc(labelsOf(key));
    }
  }

  observePhase(phase: Phase, seconds: number): void {
    this.#phaseSeconds.observe({ phase }, seconds);
  }

  /** `kind`: of the object that was written; of other kinds the reference operator has none. */
  observeWrite(kind: string, seconds: number): void {
    const phase = phases.find((one) => one === kind.toLowerCase());
    if (phase !== undefined) this.observePhase(phase, seconds);
  }

  forget(key: string): void {
    const of = labelsOf(key);
    for (const result of Object.values(handshakeResults)) this.#handshakes.remove({ ...of, result });
    this.#handshakeSeconds.remove(of);
    this.#invalid.remove({ ...of, reason: invalid });
    for (const counter of this.#failures.values()) counter.remove({ ...of, reason: reconcileError });
    this.#capabilityChanges.remove(of);
  }

  /** Another replica leads, and hears of servers that end. */
  forgetAll(): void {
    for (const metric of [this.#handshakes, this.#handshakeSeconds, this.#invalid, this.#capabilityChanges])
      metric.reset();
    for (const counter of this.#failures.values()) counter.reset();
  }
}

function labelsOf(key: string): { readonly name: string; readonly namespace: string } {
  const { name, namespace } = splitKey(key);
  return { name, namespace };
}
