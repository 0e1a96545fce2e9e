import type { Policy } from '../../core/engine/policy.ts';
import type { CompatibilityProfile } from '../../core/mcpserver/compatibility.ts';
import { policyApiVersion, policyKind } from '../../core/policy/document.ts';
import { renderPolicyProblem } from '../../core/policy/problem.ts';
import { readPolicy } from '../../core/policy/read-policy.ts';
import { rules } from '../../core/rules/index.gen.ts';
import type { PolicyReading } from './followed-policy.ts';

/** Most problems that are told of one policy; `policy check` says all of them. */
const maxToldProblems = 5;

/** As `policy check` reads it, but for what this release does not know: that is ignored. */
export function readPolicyValue(value: unknown): PolicyReading {
  const read = readPolicy(value, rules);
  if (read.type === 'usable') return { ok: true, policy: read.policy, ignored: read.ignored.map(renderPolicyProblem) };
  const told = read.problems.slice(0, maxToldProblems).map(renderPolicyProblem);
  const left = read.problems.length - told.length;
  return { ok: false, problem: [...told, ...(left > 0 ? [`+${left} more`] : [])].join('; ') };
}

/** What judges where there is no policy that can be used, in an installation of this profile. */
export function builtInUnder(profile: CompatibilityProfile): Policy {
  const read = readPolicy({ apiVersion: policyApiVersion, kind: policyKind, compatibility: { profile } }, rules);
  if (read.type === 'unusable') throw new Error(`the profile ${profile} is no policy`);
  return read.policy;
}
