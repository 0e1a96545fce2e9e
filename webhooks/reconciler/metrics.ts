import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

import { expandedKinds } from '../core/resources/index.gen.ts';
import type { ApiError } from '../platform/kube/api.ts';
import type { ListWatch } from '../platform/kube/list-watch.ts';
import { splitKey } from '../platform/kube/object.ts';
import { metricPrefix } from '../platform/metrics.ts';
import type { WorkQueue, WorkResult } from './queue.ts';
import type { ServerCache } from './server-cache.ts';
import { STATUS } from './setbacks.ts';
import type { Setbacks } from './setbacks.ts';
import type { ProbeResult } from './verify/probe.ts';
import type { Verifier } from './verify/verifier.ts';

/** What the gauges are computed from when somebody scrapes; set while we lead. */
export interface MetricsSource {
  readonly servers: ServerCache;
  readonly setbacks: Setbacks;
  readonly verifier: Verifier;
  readonly queue: WorkQueue;
  readonly watches: readonly ListWatch[];
}

export interface ReconcilerMetrics {
  /** Undefined: we do not lead (any more), and have nothing to say about servers. */
  setSource(source: MetricsSource | undefined): void;
  observeReconcile(outcome: WorkResult['type'] | 'crash', seconds: number): void;
  observeProbe(state: ProbeResult['state'], seconds: number): void;
  /** `what`: a kind that servers are expanded into, or `status`. */
  observeFailedWrite(what: string, error: Pick<ApiError, 'retry'>): void;
}

/** `result` of the handshake metrics, in the words of the reference operator. */
export const handshakeResults = {
  verified: 'success',
  'auth-required': 'auth_skip',
  throttled: 'skip',
  failed: 'failure',
} as const satisfies Record<ProbeResult['state'], string>;

/** Gauges about servers are computed at scrape from the cache, so no series outlives its server. */
export function createReconcilerMetrics(registry: Registry): ReconcilerMetrics {
  let source: MetricsSource | undefined;
  const registers = [registry];
  createGauges(registry, () => source);
  const reconciles = new Histogram({
    name: `${metricPrefix}reconcile_duration_seconds`,
    help: 'Time to reconcile one server once.',
    labelNames: ['outcome'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  });
  const handshakes = new Counter({
    name: 'mcpserver_handshake_total',
    help: 'MCP endpoints asked, by result.',
    labelNames: ['result'],
    registers,
  });
  const handshakeSeconds = new Histogram({
    name: 'mcpserver_handshake_duration_seconds',
    help: 'Time until an MCP endpoint had answered or failed.',
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const failedWrites = new Counter({
    name: `${metricPrefix}failed_writes_total`,
    help: 'Writes for a server that the API server refused, or that failed and may succeed later.',
    labelNames: ['what', 'failure'],
    registers,
  });
  return {
    setSource(next) {
      source = next;
    },
    observeReconcile: (outcome, seconds) => {
      reconciles.observe({ outcome }, seconds);
    },
    observeFailedWrite: (what, { retry }) => {
      failedWrites.inc({ what, failure: retry ? 'transient' : 'refused' });
    },
    observeProbe: (state, seconds) => {
      handshakes.inc({ result: handshakeResults[state] });
      handshakeSeconds.observe(seconds);
    },
  };
}

function createGauges(registry: Registry, source: () => MetricsSource | undefined): void {
  const registers = [registry];
  new Gauge({
    name: 'mcpserver_condition_info',
    help: 'Conditions of each MCPServer; always 1.',
    labelNames: ['name', 'namespace', 'type', 'status', 'reason'],
    registers,
    collect() {
      this.reset();
      for (const [key, conditions] of source()?.servers.conditions() ?? []) {
        const { namespace, name } = splitKey(key);
        for (const { type, status, reason } of conditions) this.set({ namespace, name, type, status, reason }, 1);
      }
    },
  });
  new Gauge({
    name: `${metricPrefix}server_offers`,
    help: 'Items that each MCPServer lists, by kind: tool, resource, prompt.',
    labelNames: ['name', 'namespace', 'kind'],
    registers,
    collect() {
      this.reset();
      for (const [key, offers] of source()?.servers.offers() ?? []) {
        const { namespace, name } = splitKey(key);
        for (const [kind, count] of Object.entries(offers)) this.set({ namespace, name, kind }, count);
      }
    },
  });
  const number = (name: string, help: string, value: (from: MetricsSource) => number): void => {
    new Gauge({
      name: `${metricPrefix}${name}`,
      help,
      registers,
      collect() {
        const from = source();
        this.set(from === undefined ? 0 : value(from));
      },
    });
  };
  number('leader', 'Whether this replica reconciles.', () => 1);
  number('servers', 'MCPServers that exist.', ({ servers }) => servers.size);
  number('queue_depth', 'Servers that wait to be reconciled.', ({ queue }) => queue.depth);
  number('quarantined_servers', 'Servers whose last reconcile hit a bug of ours.', ({ queue }) => queue.quarantined);
  new Gauge({
    name: `${metricPrefix}verifications_waiting`,
    help: 'Servers that wait for their turn to be asked, among the prompt ones and among those that were slow lately.',
    labelNames: ['lane'],
    registers,
    collect() {
      this.reset();
      for (const [lane, waiting] of Object.entries(source()?.verifier.waiting() ?? {})) this.set({ lane }, waiting);
    },
  });
  new Gauge({
    name: `${metricPrefix}servers_with_failing_writes`,
    help: 'Servers of which a child or the status could not be written several times in a row.',
    labelNames: ['what'],
    registers,
    collect() {
      this.reset();
      const setbacks = source()?.setbacks;
      if (setbacks === undefined) return;
      for (const what of [...expandedKinds.map(({ kind }) => kind), STATUS]) this.set({ what }, setbacks.told(what));
    },
  });
  new Gauge({
    name: `${metricPrefix}watch_seconds_since_last_event`,
    help: 'Time since a watch gave a sign of life; above about 150 it is broken.',
    labelNames: ['watch'],
    registers,
    collect() {
      this.reset();
      for (const watch of source()?.watches ?? []) this.set({ watch: watch.name }, watch.secondsSinceLastEvent());
    },
  });
  new Counter({
    name: `${metricPrefix}watch_failed_events_total`,
    help: 'Events of a watch that could not be handled. The log tells each; above 0 is a bug of ours.',
    labelNames: ['watch'],
    registers,
    collect() {
      this.reset();
      for (const { name, failedEvents } of source()?.watches ?? []) this.inc({ watch: name }, failedEvents);
    },
  });
}
