import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

import type { ApiError } from '../platform/kube/api.ts';
import type { ListWatch } from '../platform/kube/list-watch.ts';
import { splitKey } from '../platform/kube/object.ts';
import { metricPrefix } from '../platform/metrics.ts';
import { handshakeMetrics, handshakeResults, PerServerMetrics } from './per-server-metrics.ts';
import type { NetworkProbe } from './network/network-probe.ts';
import type { CompositeLoop } from './composites/composite-loop.ts';
import type { FoundRules } from './found-rules.ts';
import type { WorkQueue, WorkResult } from './queue.ts';
import type { ServerCache } from './server-cache.ts';
import { STATUS } from './setbacks.ts';
import type { Setbacks } from './setbacks.ts';
import type { ProbeResult } from '../platform/mcp/probe.ts';
import type { ChangeClass } from '../core/contract/compare-contracts.ts';
import type { EndedPhase } from '../core/rollout/ended.ts';
import type { Verifier } from './verify/verifier.ts';

/** What the gauges are computed from when somebody scrapes; set while we lead. */
export interface MetricsSource {
  /** That servers are expanded into, but for those that are switched off. */
  readonly kinds: readonly string[];
  readonly servers: ServerCache;
  readonly setbacks: Setbacks;
  readonly verifier: Verifier;
  readonly queue: WorkQueue;
  readonly foundRules: FoundRules;
  readonly watches: readonly ListWatch[];
  readonly network?: Pick<NetworkProbe, 'outcome'> | undefined;
  /** Of the kinds above MCPServer that are switched on. */
  readonly composites: readonly Pick<CompositeLoop, 'name' | 'counts' | 'quarantined'>[];
}

export interface ReconcilerMetrics {
  /** Undefined: we do not lead (any more), and have nothing to say about servers. */
  setSource(source: MetricsSource | undefined): void;
  observeReconcile(outcome: WorkResult['type'] | 'crash', seconds: number): void;
  observeProbe(key: string, state: ProbeResult['state'], seconds: number): void;
  observeToolChange(change: ChangeClass): void;
  observeRollout(ended: EndedPhase): void;
  /** `what`: a kind that servers are expanded into, or `status`. */
  observeFailedWrite(what: string, error: Pick<ApiError, 'retry'>): void;
  /** Absent where nobody wants series of single servers. */
  readonly perServer?: PerServerMetrics | undefined;
}

export interface ReconcilerMetricsOptions {
  /** `metrics.perServer` of the chart. */
  readonly perServer?: boolean;
}

/** Gauges about servers are computed at scrape from the cache, so no series outlives its server. */
export function createReconcilerMetrics(
  registry: Registry,
  { perServer: isPerServer = false }: ReconcilerMetricsOptions = {},
): ReconcilerMetrics {
  let source: MetricsSource | undefined;
  const registers = [registry];
  for (const row of scraped) register(row, registry, () => source);
  const reconciles = new Histogram({
    name: `${metricPrefix}reconcile_duration_seconds`,
    help: 'Time to reconcile one server once.',
    labelNames: ['outcome'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  });
  const perServer = isPerServer ? new PerServerMetrics(registry) : undefined;
  // One name has one set of labels.
  const observeProbe = perServer === undefined ? observeHandshakes(registry) : perServer.observeProbe.bind(perServer);
  const failedWrites = new Counter({
    name: `${metricPrefix}failed_writes_total`,
    help: 'Writes for a server that the API server refused, or that failed and may succeed later.',
    labelNames: ['what', 'failure'],
    registers,
  });
  const toolChanges = new Counter({
    name: `${metricPrefix}tool_contract_changes_total`,
    help: 'Changes of tools that servers list, by what they do to clients.',
    labelNames: ['class'],
    registers,
  });
  const rolloutSeconds = new Histogram({
    name: `${metricPrefix}rollout_phase_duration_seconds`,
    help: 'Time that a version spent in a phase of its rollout.',
    labelNames: ['phase'],
    buckets: [1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640, 1_800],
    registers,
  });
  const rollouts = new Counter({
    name: `${metricPrefix}rollouts_total`,
    help: 'Rollouts of versions that ended, or came to a halt (Blocked), by how and why. What is not proven first, as a repair, is not counted.',
    labelNames: ['result', 'reason'],
    registers,
  });
  return {
    perServer,
    setSource(next) {
      source = next;
      if (next === undefined) perServer?.forgetAll();
    },
    observeReconcile: (outcome, seconds) => {
      reconciles.observe({ outcome }, seconds);
    },
    observeFailedWrite: (what, { retry }) => {
      failedWrites.inc({ what, failure: retry ? 'transient' : 'refused' });
    },
    observeToolChange: (change) => {
      toolChanges.inc({ class: change });
    },
    observeRollout: ({ phase, seconds, end }) => {
      rolloutSeconds.observe({ phase }, seconds);
      if (end !== undefined) rollouts.inc(end);
    },
    observeProbe,
  };
}

/** Of all servers together. */
function observeHandshakes(registry: Registry): ReconcilerMetrics['observeProbe'] {
  const registers = [registry];
  const { total, seconds: duration } = handshakeMetrics;
  const handshakes = new Counter({ ...total, labelNames: ['result'], registers });
  const handshakeSeconds = new Histogram({ ...duration, buckets: [...duration.buckets], registers });
  return (_key, state, seconds) => {
    handshakes.inc({ result: handshakeResults[state] });
    handshakeSeconds.observe(seconds);
  };
}

/** A series by its labels, which are those of the metric in this order. */
type Series = readonly [labels: Readonly<Record<string, string>>, value: number];

/** What is read from the caches at each scrape. Without labels it is one number, 0 while we do not lead. */
type Scraped = { readonly name: string; readonly help: string; readonly isCounter?: true } & (
  | { readonly labels: readonly string[]; readonly read: (from: MetricsSource) => Iterable<Series> }
  | { readonly labels?: never; readonly read: (from: MetricsSource) => number }
);

const scraped: readonly Scraped[] = [
  {
    name: 'mcpserver_condition_info',
    help: 'Conditions of each MCPServer; always 1.',
    labels: ['name', 'namespace', 'type', 'status', 'reason'],
    *read({ servers }) {
      for (const [key, conditions] of servers.conditions()) {
        const { namespace, name } = splitKey(key);
        for (const { type, status, reason } of conditions) yield [{ namespace, name, type, status, reason }, 1];
      }
    },
  },
  {
    name: `${metricPrefix}server_offers`,
    help: 'Items that each MCPServer lists, by kind: tool, resource, prompt.',
    labels: ['name', 'namespace', 'kind'],
    *read({ servers }) {
      for (const [key, offers] of servers.offers()) {
        const { namespace, name } = splitKey(key);
        for (const [kind, count] of Object.entries(offers)) yield [{ namespace, name, kind }, count];
      }
    },
  },
  { name: `${metricPrefix}leader`, help: 'Whether this replica reconciles.', read: () => 1 },
  { name: `${metricPrefix}servers`, help: 'MCPServers that exist.', read: ({ servers }) => servers.size },
  {
    name: `${metricPrefix}servers_with_findings`,
    help: 'MCPServers in which a rule finds something as they stand, by rule and by what the policy makes of it.',
    labels: ['rule', 'action'],
    *read({ foundRules }) {
      for (const [{ rule, action }, servers] of foundRules.counts()) yield [{ rule, action }, servers];
    },
  },
  { name: `${metricPrefix}queue_depth`, help: 'Servers that wait to be reconciled.', read: ({ queue }) => queue.depth },
  {
    name: `${metricPrefix}quarantined_servers`,
    help: 'Servers whose last reconcile hit a bug of ours.',
    read: ({ queue }) => queue.quarantined,
  },
  {
    name: `${metricPrefix}composites`,
    help: 'Objects of kinds that become MCPServers, where these are switched on, by kind and by their condition Ready.',
    labels: ['kind', 'ready'],
    *read({ composites }) {
      for (const loop of composites) {
        for (const [ready, objects] of loop.counts()) yield [{ kind: loop.name, ready }, objects];
      }
    },
  },
  {
    name: `${metricPrefix}quarantined_composites`,
    help: 'Objects of kinds that become MCPServers whose last round hit a bug of ours, by kind.',
    labels: ['kind'],
    read: ({ composites }) => composites.map(({ name, quarantined }) => [{ kind: name }, quarantined]),
  },
  {
    name: `${metricPrefix}verifications_waiting`,
    help: 'Servers, and single pods of them, that wait for their turn to be asked, among the prompt ones and among those that were slow lately.',
    labels: ['lane'],
    read: ({ verifier }) => Object.entries(verifier.waiting()).map(([lane, waiting]) => [{ lane }, waiting]),
  },
  {
    name: `${metricPrefix}network_policies_info`,
    help: 'What came of trying whether NetworkPolicies are enforced; always 1. Absent before that, and without networkPolicy.probe.',
    labels: ['outcome'],
    read: ({ network: { outcome } = {} }) => (outcome === undefined ? [] : [[{ outcome }, 1]]),
  },
  {
    name: `${metricPrefix}servers_with_failing_writes`,
    help: 'Servers of which a child or the status could not be written several times in a row; of optional kinds where they are switched on.',
    labels: ['what'],
    read: ({ kinds, setbacks }) => [...kinds, STATUS].map((what) => [{ what }, setbacks.told(what)]),
  },
  {
    name: `${metricPrefix}watch_seconds_since_last_event`,
    help: 'Time since a watch gave a sign of life; above about 150 it is broken.',
    labels: ['watch'],
    read: ({ watches }) => watches.map((watch) => [{ watch: watch.name }, watch.secondsSinceLastEvent()]),
  },
  {
    name: `${metricPrefix}watch_failed_events_total`,
    help: 'Events of a watch that could not be handled. The log tells each; above 0 is a bug of ours.',
    labels: ['watch'],
    isCounter: true,
    read: ({ watches }) => watches.map(({ name, failedEvents }) => [{ watch: name }, failedEvents]),
  },
];

function register(row: Scraped, registry: Registry, source: () => MetricsSource | undefined): void {
  const base = { name: row.name, help: row.help, registers: [registry] };
  if (row.labels === undefined) {
    new Gauge({
      ...base,
      collect() {
        const from = source();
        this.set(from === undefined ? 0 : row.read(from));
      },
    });
    return;
  }
  const settings = { ...base, labelNames: row.labels };
  const series = (): Iterable<Series> => {
    const from = source();
    return from === undefined ? [] : row.read(from);
  };
  if (row.isCounter === true) {
    new Counter({
      ...settings,
      collect() {
        this.reset();
        for (const [labels, value] of series()) this.inc(labels, value);
      },
    });
    return;
  }
  new Gauge({
    ...settings,
    collect() {
      this.reset();
      for (const [labels, value] of series()) this.set(labels, value);
    },
  });
}
