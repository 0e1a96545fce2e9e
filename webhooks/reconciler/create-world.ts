import { API, LABELS } from '../core/mcpserver/api.ts';
import { everyChildName } from '../core/mcpserver/names.ts';
import { createPolicyVersion } from '../core/engine/policy-version.ts';
import type { PolicyVersionFor } from '../core/engine/policy-version.ts';
import type { Policy } from '../core/engine/policy.ts';
import { httpRoute } from '../core/resources/http-route.ts';
import { ingress } from '../core/resources/ingress.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { isOptional } from '../core/resources/optional-kind.ts';
import type { Installation } from '../core/engine/installation.ts';
import type { Clock } from '../platform/clock.ts';
import { digest } from '../platform/digest.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import { EventRecorder } from '../platform/kube/events.ts';
import { withServedVersions } from '../platform/kube/served-versions.ts';
import type { Logger } from '../platform/log.ts';
import { noticeOf } from '../platform/policy/policy-source.ts';
import type { RunningPolicySource } from '../platform/policy/policy-source.ts';
import { Brokers } from './brokers.ts';
import { CandidateCreations } from './candidate-creations.ts';
import { ChildCache, childTextLimits } from './child-cache.ts';
import { FairStore } from './fair-store.ts';
import { FoundRules } from './found-rules.ts';
import { GatewayExtensions, Gateways } from './gateways.ts';
import type { ReconcilerMetrics } from './metrics.ts';
import { OptionalApis } from './optional-apis.ts';
import { Pacing } from './pacing.ts';
import { PodCache } from './pod-cache.ts';
import type { WorkQueue } from './queue.ts';
import { ReferenceTracker } from './reference-tracker.ts';
import type { ServerCache } from './server-cache.ts';
import { RouteRivals } from './route-rivals.ts';
import type { RivalsOptions } from './route-rivals.ts';
import { RolloutPlaces } from './rollout-places.ts';
import { Setbacks } from './setbacks.ts';
import type { AskBroker } from '../platform/mcp/broker-status.ts';
import { probeMcpServer } from '../platform/mcp/probe.ts';
import type { Probe } from '../platform/mcp/probe.ts';
import { CandidateProbes } from './verify/candidate-probes.ts';
import { Verifier } from './verify/verifier.ts';
import type { World } from './world.ts';

export interface WorldOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly metrics: ReconcilerMetrics;
  readonly clusterDomain: string;
  readonly installation: Installation | undefined;
  readonly policies: Pick<RunningPolicySource, 'current' | 'labelsOf' | 'onChange' | 'isSettled' | 'watches'>;
  readonly podName: string;
  readonly version: string;
  /** Names of the optional ones that are switched on. */
  readonly features: readonly string[];
  /** How many servers replace their pods at the same time. */
  readonly maxRollouts: number;
  readonly probe?: Probe;
  readonly network?: World['network'];
  readonly askBroker?: AskBroker | undefined;
}

/** With empty caches; nothing in it runs yet. `queue`: of keys of servers. */
export function createWorld(
  options: WorldOptions,
  servers: ServerCache,
  queue: Pick<WorkQueue, 'add' | 'addSoon'>,
): World & { readonly optional: OptionalApis } {
  const { clock, log, metrics, policies, random } = options;
  const optionalKinds = expandedKinds.filter(isOptional);
  const api = withServedVersions(options.api, optionalKinds, (kind) => optional.versionOf(kind));
  const add = (key: string): void => {
    queue.add(key);
  };
  const versionFor = createVersions();
  const texts = new FairStore<string>(childTextLimits);
  const exists = (key: string): boolean => servers.has(key);
  const ofRivals: RivalsOptions = {
    uidOf: (key) => servers.identityOf(key)?.uid,
    lookAgain: (key) => {
      if (exists(key)) queue.addSoon(key);
    },
  };
  const rivals = new Map([httpRoute, ingress].map(({ kind }) => [kind, new RouteRivals(ofRivals)] as const));
  const children = new Map(
    expandedKinds.map(({ kind }) => {
      const ofKind = rivals.get(kind);
      const told = ofKind === undefined ? {} : { onKept: ofKind.note.bind(ofKind) };
      return [kind, new ChildCache(kind, texts, API, { exists, childNames: everyChildName, ...told })];
    }),
  );
  const pods = new PodCache(LABELS.server, undefined, exists);
  const candidatePods = new PodCache(LABELS.candidateOf, LABELS.candidateTemplate, exists);
  const candidateProbes = new CandidateProbes({
    ...{ clock, log, probe: options.probe ?? probeMcpServer, clientVersion: options.version },
    onChange: add,
  });
  const verifier = new Verifier({
    ...{ clock, log, random, probe: options.probe ?? probeMcpServer, clientVersion: options.version },
    acceptsForbidden: () => policies.current().policy.compatibility === 'reference',
    onChange: add,
    podsOf: (key) => pods.servingOf(key),
    onProbed: (key, state, seconds) => {
      metrics.observeProbe(key, state, seconds);
    },
  });
  const optional = new OptionalApis({
    ...{ api: options.api, clock, log, random, kinds: optionalKinds, features: options.features },
    onGone: (of) => {
      children.get(of.kind)?.keepOnly(new Set());
      for (const key of servers.keys()) add(key);
    },
  });
  const brokers = new Brokers({
    ...{ clock, log, random, onNews: add },
    ...(options.askBroker === undefined ? {} : { ask: options.askBroker }),
  });
  const references = new ReferenceTracker(add);
  const foundRules = new FoundRules();
  const setbacks = new Setbacks();
  const places = new RolloutPlaces({
    ...{ clock, max: options.maxRollouts, onTurn: add },
    deployments: { get: (key) => children.get('Deployment')?.get(key) },
    isShared: () => servers.isOfSeveralNamespaces(),
    begun: () => servers.thatSay('Reconciling', 'RollingOut'),
    proving: () => servers.thatSay('Reconciling', 'Proving'),
  });
  const pacing = new Pacing({ clock, places });
  const candidateCreations = new CandidateCreations(clock);
  const notChecked: World['notChecked'] = new Map();
  const reduced: World['reduced'] = new Map();
  return {
    ...{ api, clock, log, metrics, clusterDomain: options.clusterDomain },
    release: options.version,
    network: options.network,
    installation: options.installation,
    get policy() {
      return policies.current().policy;
    },
    labelsOf: policies.labelsOf,
    get policyVersionFor() {
      return versionFor(policies.current().policy);
    },
    get policyNotice() {
      return noticeOf(policies.current());
    },
    lookAgain: add,
    ...{ servers, children, pods, candidatePods, candidateProbes, places, references, optional, verifier, foundRules },
    ...{
      rivals,
      gateways: new Gateways({ api, clock }),
      gatewayExtensions: new GatewayExtensions({ api, clock }),
      brokers,
    },
    ...{ notChecked, setbacks, reduced, pacing, candidateCreations },
    events: new EventRecorder({ api, clock, log, instance: options.podName }),
    memories: [
      ...[
        brokers,
        verifier,
        candidateProbes,
        candidateCreations,
        references,
        setbacks,
        pacing,
        foundRules,
        pods,
        candidatePods,
      ],
      ...children.values(),
      ...(metrics.perServer === undefined ? [] : [metrics.perServer]),
      ...[notChecked, reduced].map((map) => ({ forget: (key: string) => void map.delete(key) })),
    ],
  };
}

/** Made once for each policy: it remembers what it has digested. */
function createVersions(): (policy: Policy) => PolicyVersionFor {
  let made: { readonly of: Policy; readonly versionFor: PolicyVersionFor } | undefined;
  return (policy) => {
    if (made?.of !== policy) made = { of: policy, versionFor: createPolicyVersion(policy, digest) };
    return made.versionFor;
  };
}
