import { API } from '../core/mcpserver/api.ts';
import type { Installation } from '../core/engine/installation.ts';
import type { PolicyVersionFor } from '../core/engine/policy-version.ts';
import type { LabelsOf, Policy } from '../core/engine/policy.ts';
import type { UncheckedReference } from '../core/plan/unchecked-reference.ts';
import type { Clock } from '../platform/clock.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import type { EventRecorder } from '../platform/kube/events.ts';
import type { Logger } from '../platform/log.ts';
import type { Brokers } from './brokers.ts';
import type { CandidateCreations } from './candidate-creations.ts';
import type { ChildCache } from './child-cache.ts';
import type { ReconcilerMetrics } from './metrics.ts';
import type { FoundRules } from './found-rules.ts';
import type { OptionalApis } from './optional-apis.ts';
import type { GatewayExtensions, Gateways } from './gateways.ts';
import type { NetworkProbe } from './network/network-probe.ts';
import type { Pacing } from './pacing.ts';
import type { PodCache } from './pod-cache.ts';
import type { ReferenceTracker } from './reference-tracker.ts';
import type { RolloutPlaces } from './rollout-places.ts';
import type { RouteRivals } from './route-rivals.ts';
import type { ServerCache } from './server-cache.ts';
import type { Setbacks } from './setbacks.ts';
import type { ReducedStatus } from './status-writer.ts';
import type { CandidateProbes } from './verify/candidate-probes.ts';
import type { Verifier } from './verify/verifier.ts';

/** Everything that a reconcile reads from and writes to. One world for each term of leadership. */
export interface World {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  /** Version of this program. */
  readonly release: string;
  readonly clusterDomain: string;
  /** Absent for tests in which nobody is us. */
  readonly installation: Installation | undefined;
  /** At this moment: another one may be in force as soon as something was waited for. */
  readonly policy: Policy;
  /** Of the namespaces; absent where nobody may read them. */
  readonly labelsOf: LabelsOf | undefined;
  /** From `createPolicyVersion`, of that policy. */
  readonly policyVersionFor: PolicyVersionFor;
  /** What is said with each verdict of that policy. */
  readonly policyNotice: string | undefined;
  /** Whether NetworkPolicies are enforced; absent where nobody asks. */
  readonly network?: Pick<NetworkProbe, 'outcome' | 'isSettled'> | undefined;
  readonly servers: ServerCache;
  /** Has the server of that key reconciled, after the round that may be under way. */
  readonly lookAgain: (key: string) => void;
  /** By kind. */
  readonly children: ReadonlyMap<string, ChildCache>;
  /** Which of the optional kinds can be used. */
  readonly optional: Pick<OptionalApis, 'statesIn' | 'askSoon'>;
  readonly pods: PodCache;
  /** Pods of candidates, each under its server. */
  readonly candidatePods: PodCache;
  readonly candidateProbes: CandidateProbes;
  readonly candidateCreations: CandidateCreations;
  /** Who may prove or replace pods now. */
  readonly places: RolloutPlaces;
  readonly references: ReferenceTracker;
  readonly gateways: Gateways;
  readonly gatewayExtensions: GatewayExtensions;
  readonly brokers: Brokers;
  /** Servers with the same host and path at a Gateway, or of Ingresses: by the kind that says so. */
  readonly rivals: ReadonlyMap<string, RouteRivals>;
  /** By server: what its owner was told last about references that cannot be read; gone as soon as they can. */
  readonly notChecked: Map<string, UncheckedReference>;
  /** Writes that fail again and again. */
  readonly setbacks: Setbacks;
  /** By server: the status of which the API server took a part only. */
  readonly reduced: Map<string, ReducedStatus>;
  /** When fields of others are taken away, and ours brought back. */
  readonly pacing: Pacing;
  readonly verifier: Verifier;
  /** What rules find in each server, for metrics. */
  readonly foundRules: FoundRules;
  readonly events: Pick<EventRecorder, 'record'>;
  /** All that remembers something of single servers which nothing else takes away when they are gone. */
  readonly memories: readonly { forget(key: string): void }[];
  readonly metrics: Pick<
    ReconcilerMetrics,
    'observeFailedWrite' | 'observeToolChange' | 'observeRollout' | 'perServer'
  >;
}

interface Identity {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
}

/** What an event about a server names. */
export function regarding({ name, namespace = '', uid = '' }: Identity) {
  const { apiVersion, kind } = API;
  return { apiVersion, kind, namespace, name, uid };
}
