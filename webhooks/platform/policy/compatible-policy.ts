import type { CompatibilityProfile } from '../../core/mcpserver/compatibility.ts';
import type { PolicyReading } from './followed-policy.ts';

/**
 * A policy that says another profile than the installation cannot be used. What it changes is how pods are built: they would
 * restart, all of them, because somebody edited a ConfigMap, or because it was not there for a moment.
 */
export function asInstalled(reading: PolicyReading, installed: CompatibilityProfile): PolicyReading {
  if (!reading.ok) return reading;
  const problem = profileProblem(reading.policy.compatibility, installed);
  return problem === undefined ? reading : { ok: false, problem };
}

/** Why a policy cannot be used in an installation, in a clause; undefined where it can. */
export function profileProblem(
  said: CompatibilityProfile = 'default',
  installed: CompatibilityProfile,
): string | undefined {
  if (said === installed) return undefined;
  return `compatibility.profile is ${said}, and the value compatibility.profile of the chart is ${installed}: let both say the same`;
}
