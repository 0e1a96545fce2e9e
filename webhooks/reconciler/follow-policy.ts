import type { NextEvent } from '../core/plan/events.ts';
import type { EventRecorder } from '../platform/kube/events.ts';
import type { PolicyInForce, PolicySource } from '../platform/policy/policy-source.ts';
import { policyEvents } from './tell-policy.ts';

export interface FollowPolicyOptions {
  readonly policies: Pick<PolicySource, 'current' | 'onChange'>;
  readonly events: Pick<EventRecorder, 'record'>;
  /** Verdicts may be others from now on: of every server, or of those in one namespace. */
  readonly onChange: (namespace: string | undefined) => void;
}

/** Has everything judged again when the policy changes, and tells whoever looks at the ConfigMap what became of it. */
export function followPolicy({ policies, events, onChange }: FollowPolicyOptions): () => void {
  let before = policies.current();
  const tell = ({ from }: PolicyInForce, told: readonly NextEvent[]): void => {
    if (from === undefined) return;
    for (const event of told) events.record({ ...event, regarding: { apiVersion: 'v1', kind: 'ConfigMap', ...from } });
  };
  // What went wrong before this term was told by nobody, if nobody led then.
  tell(before, policyEvents(undefined, before));
  return policies.onChange(({ namespace }) => {
    if (namespace !== undefined) {
      onChange(namespace);
      return;
    }
    const now = policies.current();
    tell(now, policyEvents(before, now));
    const isOther = now.revision !== before.revision || (now.origin === 'fallback') !== (before.origin === 'fallback');
    before = now;
    if (isOther) onChange(undefined);
  });
}
