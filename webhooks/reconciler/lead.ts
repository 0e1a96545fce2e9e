import { digestPolicy } from '../core/engine/policy-digest.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { isOptional } from '../core/resources/optional-kind.ts';
import type { Installation } from '../core/engine/installation.ts';
import { builtInPolicy } from '../core/rules/built-in-policy.ts';
import type { Clock } from '../platform/clock.ts';
import type { CollectGarbage } from '../platform/collect-garbage.ts';
import { digest } from '../platform/digest.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import { jittered } from '../platform/kube/backoff.ts';
import { EventRecorder } from '../platform/kube/events.ts';
import { errorText } from '../platform/log.ts';
import type { Logger } from '../platform/log.ts';
import { onBehalfOf } from '../platform/unexpected-errors.ts';
import { ChildCache, childTextLimits } from './child-cache.ts';
import { KeptTexts } from './kept-texts.ts';
import { OptionalApis } from './optional-apis.ts';
import type { ReconcilerMetrics } from './metrics.ts';
import { Pacing } from './pacing.ts';
import { PodCache } from './pod-cache.ts';
import { tellQuarantined } from './tell-quarantined.ts';
import { WorkQueue } from './queue.ts';
import type { WorkResult } from './queue.ts';
import { reconcile } from './reconcile.ts';
import { ReferenceTracker } from './reference-tracker.ts';
import { ServerCache } from './server-cache.ts';
import { Setbacks } from './setbacks.ts';
import { createTriggers } from './triggers.ts';
import type { Triggers } from './triggers.ts';
import { probeMcpServer } from './verify/probe.ts';
import { Verifier } from './verify/verifier.ts';
import type { Probe } from './verify/probe.ts';
import type { World } from './world.ts';

export interface LeadOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly metrics: ReconcilerMetrics;
  readonly clusterDomain: string;
  readonly installation: Installation | undefined;
  /** Only servers in these are looked at; empty means in every one. */
  readonly namespaces: readonly string[];
  readonly podName: string;
  readonly version: string;
  /** Names of the optional ones that are switched on. */
  readonly features: readonly string[];
  readonly probe?: Probe;
  readonly collectGarbage: CollectGarbage;
}

const concurrency = { inAll: 10, ofNamespace: 8 };
const backoff = { initialMs: 250, maxMs: 60_000 };
/** Crashes in a row after which the server itself is told: one may be chance. */
const crashesBeforeTelling = 3;
/** How often we ask whether the first lists are complete, in milliseconds. */
const syncPollMs = 50;
/** Before the loop is started again after an error that nobody caught, in milliseconds. */
const restartMs = 5_000;

/** Reconciles until the signal aborts. An error that gets this far ends one round of the loop, never the program. */
export async function lead(options: LeadOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, metrics, random } = options;
  while (!signal.aborted) {
    const round = new AbortController();
    const stop = (): void => {
      round.abort();
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      await runOnce(options, round);
    } catch (error) {
      log.error('reconcile: the loop failed and starts again', { error: errorText(error) });
    }
    signal.removeEventListener('abort', stop);
    metrics.setSource(undefined);
    await clock.sleep(jittered(restartMs, 0.2, random), signal);
  }
}

/** Ends when the round is aborted, or with the error of whatever ends before. */
async function runOnce(options: LeadOptions, round: AbortController): Promise<void> {
  const { signal } = round;
  const { api, clock, collectGarbage, log, metrics, namespaces, random } = options;
  const events = new EventRecorder({ api, clock, log, instance: options.podName });
  const queue: WorkQueue = new WorkQueue({
    ...{ clock, log, random, concurrency, backoff },
    isLarge: (key) => world.servers.isLarge(key),
    work: (key, workSignal) => onBehalfOf(key, () => timed(options, () => reconcile(key, world, workSignal))),
    onCrash: (key, crash) => {
      noteCrash(key, crash, { world, metrics, signal });
    },
  });
  const add = (key: string): void => {
    queue.add(key);
  };
  const verifier = new Verifier({
    ...{ clock, log, random, probe: options.probe ?? probeMcpServer, clientVersion: options.version },
    onChange: add,
    podsOf: (key) => world.pods.servingOf(key),
    onProbed: (state, seconds) => {
      metrics.observeProbe(state, seconds);
    },
  });
  const texts = new KeptTexts(childTextLimits);
  const children = new Map(expandedKinds.map(({ kind }) => [kind, new ChildCache(kind, texts)]));
  const pacing = new Pacing({ clock, deployments: { get: (key) => children.get('Deployment')?.get(key) } });
  const references = new ReferenceTracker(add);
  const optional = new OptionalApis({
    ...{ api, clock, log, random, kinds: expandedKinds.filter(isOptional), features: options.features },
    watchKind: (of) => triggers.watchKind(of),
    onGone: (of) => {
      children.get(of.kind)?.keepOnly(new Set());
      for (const key of world.servers.keys()) add(key);
    },
  });
  const setbacks = new Setbacks();
  const notChecked: World['notChecked'] = new Map();
  const reduced: World['reduced'] = new Map();
  const world: World = {
    ...{ api, clock, log, events, verifier, expandedKinds, clusterDomain: options.clusterDomain },
    release: options.version,
    installation: options.installation,
    policy: builtInPolicy,
    policyDigest: digestPolicy(builtInPolicy, { version: options.version, now: clock.now().toISOString() }, digest),
    servers: new ServerCache(),
    children,
    optional,
    pods: new PodCache(),
    ...{ references, notChecked, setbacks, reduced, pacing, metrics },
    memories: [
      ...[verifier, references, setbacks, pacing],
      ...[notChecked, reduced].map((map) => ({ forget: (key: string) => void map.delete(key) })),
    ],
  };
  // Lists are the most that this program ever reads; what they were read from would stay in its memory for long.
  const onListed = (what: 'page' | 'all'): void => {
    collectGarbage(what === 'page' ? 'young' : 'all');
  };
  const triggers: Triggers = createTriggers(world, { api, clock, log, random, namespaces, onListed }, add);
  const { watches } = triggers;
  metrics.setSource({
    ...{ servers: world.servers, setbacks: world.setbacks, verifier, queue },
    get watches() {
      return [...watches, ...optional.watches];
    },
  });
  const tasks = [
    ...watches.map((watch) => watch.run(signal)),
    optional.run(signal),
    work(triggers, queue, options, signal),
  ];
  try {
    await Promise.race(tasks);
  } finally {
    round.abort();
    verifier.stop();
    await Promise.allSettled(tasks);
  }
}

function noteCrash(
  key: string,
  { failures, error }: { readonly failures: number; readonly error: unknown },
  on: Pick<LeadOptions, 'metrics'> & { readonly world: World; readonly signal: AbortSignal },
): void {
  on.metrics.observeReconcile('crash', 0);
  if (failures !== crashesBeforeTelling) return;
  tellQuarantined(key, error, on).catch((cause: unknown) => {
    on.world.log.error('a server in quarantine could not be told', { key, error: errorText(cause) });
  });
}

/** Nothing is decided before the first lists are complete: what is missing in a half-filled cache would be created. */
async function work(
  triggers: Triggers,
  queue: WorkQueue,
  { clock, log }: LeadOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && !triggers.isFilled()) await clock.sleep(syncPollMs, signal);
  log.info('reconcile: the caches are filled', { queued: queue.depth });
  await queue.run(signal);
}

async function timed(options: LeadOptions, run: () => Promise<WorkResult>): Promise<WorkResult> {
  const startedAt = options.clock.monotonicMs();
  const result = await run();
  options.metrics.observeReconcile(result.type, (options.clock.monotonicMs() - startedAt) / 1_000);
  return result;
}
