import type { Action } from '../engine/policy.ts';
import type { Rule } from '../engine/rule.ts';
import type { CompatibilityProfile } from '../mcpserver/compatibility.ts';
import { actionUnder } from './compatibility.ts';

interface Profile {
  /** A sentence for the reference page. */
  readonly summary: string;
  /** What becomes of a rule that judges and of which the policy says no more. */
  readonly actionOf: (rule: Rule) => Action;
}

/**
 * Of the restricted Pod Security Standard, what `baseline` leaves open and a rule of ours judges apart from the rest
 * (https://kubernetes.io/docs/concepts/security/pod-security-standards/). `capabilities` and `seccomp-profile` judge what
 * both standards want in one rule, so they go on refusing.
 */
const onlyRestricted: ReadonlySet<string> = new Set(['allow-privilege-escalation', 'run-as-non-root']);

/** What a policy begins with. The first one is used where a policy names none, and where there is no policy. */
export const profiles = {
  restricted: {
    summary: 'Every rule as its page says. This is what judges without a policy.',
    actionOf: ({ severity }) => severity,
  },
  baseline: {
    summary:
      'As `restricted`, but `allow-privilege-escalation` and `run-as-non-root`, which the baseline Pod Security Standard ' +
      'leaves open, only warn. Containers that say nothing still get the restricted defaults.',
    actionOf: ({ id, severity }) => (onlyRestricted.has(id) ? 'warn' : severity),
  },
  'audit-only': {
    summary:
      'Nothing is refused and nothing warned about: what rules find is kept for the audit log and for JSON. Two kinds of ' +
      'rules go on: mandatory ones refuse, and what makes pods fail to start still holds a roll-out back.',
    actionOf: () => 'audit',
  },
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof profiles;

/** What a policy begins with, in all. */
export interface Beginning {
  readonly profile: ProfileName;
  readonly compatibility: CompatibilityProfile;
}

/** The action of a rule that judges; a mandatory one refuses in every profile. */
export function actionIn({ profile, compatibility }: Beginning, rule: Rule): Action {
  return rule.isMandatory === true ? 'deny' : actionUnder(compatibility, rule, profiles[profile].actionOf(rule));
}
