import type { NextEvent } from '../core/plan/events.ts';
import type { PolicyInForce } from '../platform/policy/policy-source.ts';

/** Most parts without effect that get an event each; the log tells more of them. */
const maxIgnored = 5;

/** What whoever looks at the ConfigMap is told; `before` is absent at the beginning of a term. */
export function policyEvents(before: PolicyInForce | undefined, now: PolicyInForce): readonly NextEvent[] {
  const isNews = now.revision !== before?.revision;
  return [
    ...(now.problem === undefined || now.problem === before?.problem ? [] : [refused(now, now.problem)]),
    ...(before !== undefined && isTaken(before, now) ? [taken] : []),
    ...(isNews ? now.ignored.slice(0, maxIgnored).map(ignored) : []),
  ];
}

/** In place of another one, or after what could not be used; the first one after a start is no news. */
function isTaken(before: PolicyInForce, now: PolicyInForce): boolean {
  if (now.origin !== 'configured') return false;
  return before.problem !== undefined || (now.revision !== before.revision && before.revision > 0);
}

const taken: NextEvent = {
  type: 'Normal',
  reason: 'PolicyInForce',
  action: 'PolicyRead',
  note: 'The policy is in force; every MCPServer is judged again',
};

function refused({ origin }: PolicyInForce, problem: string): NextEvent {
  const judges =
    origin === 'last-good' ? 'the last policy that could be used goes on' : 'the built-in profile restricted judges';
  return { type: 'Warning', reason: 'PolicyUnusable', action: 'PolicyRead', note: `${problem}; ${judges}` };
}

function ignored(part: string): NextEvent {
  return { type: 'Warning', reason: 'PolicyPartIgnored', action: 'PolicyRead', note: `Has no effect: ${part}` };
}
