import type { LabelsOf, Policy } from '../../core/engine/policy.ts';
import type { ListWatch } from '../kube/list-watch.ts';

/**
 * How what judges relates to what is configured. `built-in`: nothing is configured. `configured`: it is what is there now.
 * `last-good`: what is there now cannot be used, so what judged before goes on. `fallback`: this process has not met one
 * yet that it can use, so the built-in profile judges.
 */
export const policyOrigins = ['built-in', 'configured', 'last-good', 'fallback'] as const;

export type PolicyOrigin = (typeof policyOrigins)[number];

/** What judges at one moment: a value, replaced as a whole. Whoever judges takes it once for all of a verdict. */
export interface PolicyInForce {
  readonly policy: Policy;
  readonly origin: PolicyOrigin;
  /** Where it is configured, whether or not it is there; absent where nothing is. */
  readonly from?: PolicyObject;
  /** Why what is configured is not used, in a clause that names the ConfigMap; absent when it is, and before it was looked for. */
  readonly problem?: string;
  /** What of it has no effect, a clause each: rules that this release does not have. */
  readonly ignored: readonly string[];
  /** Another number whenever verdicts may be others: another policy, or one of its exemptions that has ended. */
  readonly revision: number;
}

/** The ConfigMap that holds the policy. */
export interface PolicyObject {
  readonly namespace: string;
  readonly name: string;
  /** Of the one that was seen last; empty before the first. */
  readonly uid: string;
}

/** Which policy is in force. */
export interface PolicySource {
  current(): PolicyInForce;
  /** Absent where nobody may read namespaces. */
  readonly labelsOf?: LabelsOf;
  /** Told after each change of what {@link current} or {@link labelsOf} says; the returned function ends that. The listener must not throw. */
  onChange(listener: (change: PolicyChange) => void): () => void;
}

/** `namespace`: labels of that one have changed, and with them by what its objects are judged. */
export interface PolicyChange {
  readonly namespace?: string;
}

/** How often what is configured was read, and what came of it. */
export interface PolicyReads {
  readonly taken: number;
  readonly refused: number;
}

/** A source with a life of its own. */
export interface RunningPolicySource extends PolicySource {
  /** Whether what is configured was read once, or can be told not to be readable: before that nobody should be judged. */
  readonly isSettled: boolean;
  readonly reads: PolicyReads;
  /** For metrics. */
  readonly watches: readonly ListWatch[];
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Always the same one: where nothing is configured, and in tests. */
export function fixedPolicy(policy: Policy): RunningPolicySource {
  const inForce: PolicyInForce = { policy, origin: 'built-in', ignored: [], revision: 0 };
  return {
    current: () => inForce,
    onChange: () => () => undefined,
    isSettled: true,
    reads: { taken: 0, refused: 0 },
    watches: [],
    run: () => Promise.resolve(),
  };
}

/** Said with each verdict while the built-in profile stands in: whom it refuses, or lets pass, must be able to tell why. */
export function noticeOf({ origin }: PolicyInForce): string | undefined {
  return origin === 'fallback' ? notice : undefined;
}

const notice = "the configured policy cannot be used, so the built-in profile 'restricted' judged this";
