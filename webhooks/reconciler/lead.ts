import type { CollectGarbage } from '../platform/collect-garbage.ts';
import { jittered } from '../platform/kube/backoff.ts';
import { splitKey } from '../platform/kube/object.ts';
import { errorText } from '../platform/log.ts';
import { onBehalfOf } from '../platform/unexpected-errors.ts';
import { compositeKinds } from '../core/composites/composite-kinds.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { stateOf } from '../core/resources/optional-kind.ts';
import { CompositeLoop } from './composites/composite-loop.ts';
import { createWorld } from './create-world.ts';
import type { WorldOptions } from './create-world.ts';
import { followPolicy } from './follow-policy.ts';
import { NetworkProbe } from './network/network-probe.ts';
import type { NetworkProbeOptions } from './network/network-probe.ts';
import { tellQuarantined } from './tell-quarantined.ts';
import type { Untold } from './tell-quarantined.ts';
import { WorkQueue } from './queue.ts';
import type { Worker, WorkResult } from './queue.ts';
import { reconcile } from './reconcile.ts';
import { Rejudging } from './rejudging.ts';
import { ServerCache } from './server-cache.ts';
import { createTriggers } from './triggers.ts';
import type { Triggers } from './triggers.ts';
import type { World } from './world.ts';

export interface LeadOptions extends WorldOptions {
  /** Only servers in these are looked at; empty means in every one. */
  readonly namespaces: readonly string[];
  readonly collectGarbage: CollectGarbage;
  /** Where is kept whether NetworkPolicies are enforced; absent: nobody asks. */
  readonly networkProbe?: Pick<NetworkProbeOptions, 'namespace' | 'name' | 'reaches'>;
}

const concurrency = { inAll: 10, ofNamespace: 8 };
const backoff = { initialMs: 250, maxMs: 60_000 };
/** Crashes in a row after which the server itself is told: one may be chance. */
const crashesBeforeTelling = 3;
/** How often we ask whether the first lists are complete, in milliseconds. */
const syncPollMs = 50;
/** How long the pods are waited for once all else is known, in milliseconds: decisions about children need none of them. */
const podsWaitMs = 10_000;
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
  const { api, clock, collectGarbage, log, metrics, namespaces, policies, random } = options;
  const servers = new ServerCache();
  const isLarge = (key: string): boolean => servers.isLarge(key);
  const queue = new WorkQueue({ clock, log, random, concurrency, backoff, isLarge });
  const rejudging = new Rejudging({ clock, queue });
  const network = createNetworkProbe(options, () => {
    rejudging.add(servers.keys());
  });
  const world = createWorld({ ...options, ...(network === undefined ? {} : { network }) }, servers, queue);
  const { foundRules, optional, setbacks, verifier } = world;
  // Lists are the most that this program ever reads; what they were read from would stay in its memory for long.
  const onListed = (what: 'page' | 'all'): void => {
    collectGarbage(what === 'page' ? 'young' : 'all');
  };
  const leavePolicy = followPolicy({
    ...{ policies, events: world.events },
    onChange: (namespace) => {
      const keys = [...servers.keys()];
      rejudging.add(namespace === undefined ? keys : keys.filter((key) => splitKey(key).namespace === namespace));
    },
  });
  const triggers = createTriggers(world, { api: world.api, clock, log, random, namespaces, onListed }, queue);
  const { watches } = triggers;
  const composites = compositeKinds
    .filter(({ feature }) => options.features.includes(feature))
    .map((of) => new CompositeLoop(of, { api, clock, log, random, namespaces, onListed, events: world.events }));
  metrics.setSource({
    ...{ servers, setbacks, verifier, queue, foundRules, composites, network },
    kinds: expandedKinds.flatMap((of) => (stateOf(of, optional.statesIn('')) === 'off' ? [] : of.kind)),
    get watches() {
      return [...watches, ...optional.watches, ...policies.watches, ...composites.flatMap((loop) => loop.watches)];
    },
  });
  const tasks = [
    ...triggers.run(signal),
    optional.run((of) => triggers.watchKind(of), signal),
    rejudging.run(signal),
    ...composites.map((loop) => loop.run(signal)),
    ...(network === undefined ? [] : [network.run(signal)]),
    work({ queue, triggers, world }, options, signal),
  ];
  try {
    await Promise.race(tasks);
  } finally {
    round.abort();
    leavePolicy();
    verifier.stop();
    world.candidateProbes.stop();
    world.brokers.stop();
    await Promise.allSettled(tasks);
  }
}

/** Undefined where nobody wants to know. */
function createNetworkProbe(
  { api, clock, log, random, podName, installation, version: release, networkProbe }: LeadOptions,
  onChange: () => void,
): NetworkProbe | undefined {
  if (networkProbe === undefined) return undefined;
  const podLabels = installation?.podLabels ?? {};
  return new NetworkProbe({ api, clock, log, random, podName, podLabels, release, onChange, ...networkProbe });
}

/**
 * Nothing is decided before the first lists are complete: what is missing in a half-filled cache would be created; nor
 * before the policy was looked for.
 */
async function work(
  { queue, triggers, world }: { readonly queue: WorkQueue; readonly triggers: Triggers; readonly world: World },
  { clock, log, metrics, policies }: LeadOptions,
  signal: AbortSignal,
): Promise<void> {
  const isKnown = (): boolean => triggers.isFilled() && policies.isSettled && world.network?.isSettled !== false;
  while (!signal.aborted && !isKnown()) await clock.sleep(syncPollMs, signal);
  // Pods that are known late look like other ones than those that status speaks of, and every server is asked at once.
  const podsByMs = clock.monotonicMs() + podsWaitMs;
  while (!signal.aborted && !triggers.arePodsKnown() && clock.monotonicMs() < podsByMs)
    await clock.sleep(syncPollMs, signal);
  if (!signal.aborted && !triggers.arePodsKnown()) log.warn('reconcile: begins without knowing the pods');
  log.info('reconcile: the caches are filled', { queued: queue.depth });
  const untold: Telling['untold'] = new Map();
  const worker: Worker = {
    work: (key, workSignal) =>
      onBehalfOf(key, async () => {
        const result = await timed({ clock, metrics }, () => reconcile(key, world, workSignal));
        untold.delete(key);
        return result;
      }),
    onCrash: (key, crash) => {
      noteCrash(key, crash, { world, metrics, signal, untold });
    },
  };
  await queue.run(worker, signal);
}

async function timed(
  { clock, metrics }: Pick<LeadOptions, 'clock' | 'metrics'>,
  run: () => Promise<WorkResult>,
): Promise<WorkResult> {
  const startedAt = clock.monotonicMs();
  const result = await run();
  metrics.observeReconcile(result.type, (clock.monotonicMs() - startedAt) / 1_000);
  return result;
}

function noteCrash(
  key: string,
  { failures, error }: { readonly failures: number; readonly error: unknown },
  on: Pick<LeadOptions, 'metrics'> & Telling,
): void {
  const { untold } = on;
  on.metrics.observeReconcile('crash', 0);
  // Others wait for the place that it was offered.
  on.world.pacing.stopWaiting(key);
  const before = untold.get(key);
  untold.delete(key);
  if (failures !== crashesBeforeTelling && before === undefined) return;
  tellQuarantined(key, error, { ...on, hasEvent: before === 'unwritten' })
    .then((told) => {
      if (told !== 'told') untold.set(key, told);
    })
    .catch((cause: unknown) => {
      on.world.log.error('a server in quarantine could not be told', { key, error: errorText(cause) });
    });
}

interface Telling {
  readonly world: World;
  readonly signal: AbortSignal;
  /** Servers in quarantine whose owners could not be told, and whose next crash is a time to try again. */
  readonly untold: Map<string, Untold>;
}
