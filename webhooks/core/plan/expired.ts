import { canonicalJson } from '../engine/canonical-json.ts';
import type { Finding } from '../engine/finding.ts';
import { judgedObject, type Verdict } from '../engine/judge.ts';
import type { Digest } from '../engine/ratchet.ts';
import type { Tolerance } from '../engine/ratchet-update.ts';
import type { MCPServer, PolicyState } from '../mcpserver/types.gen.ts';
import { buildPodTemplate } from '../resources/pod/pod-template.ts';

/**
 * What was there before is tolerated, but for what an exemption excused until its end: that ends with the next change of
 * the pods. Else nobody would ever have to mend it. Labels, annotations and replicas of the server can be changed as before.
 * Taking an exemption out of the policy ends it, too: the status of the old object tells what it excused, or, where
 * there is no status, whoever knows the policy of before (`excused`: ids of rules). What gets past the webhook is held to
 * the same in ratchet-server.ts, and may be taken back to the pods that run.
 */
export function enforceExpired(
  tolerance: Tolerance,
  before: Verdict,
  now: Verdict,
  { digest, excused }: { readonly digest: Digest; readonly excused?: readonly string[] },
): Tolerance {
  const { enforced, tolerated } = tolerance;
  const remembered = rememberedIn(before);
  const isExpired = isExpiredAfter(excused ?? remembered.excused ?? []);
  if (!tolerated.some(isExpired) || areSamePods(before, now)) return tolerance;
  if (now.parsed && remembered.pods === digest(writePods(now.server))) return tolerance;
  return {
    enforced: [...enforced, ...tolerated.filter(isExpired).map(sayExpired)],
    tolerated: tolerated.filter((finding) => !isExpired(finding)),
  };
}

function rememberedIn(before: Verdict): Partial<PolicyState> {
  return (before.parsed ? before.server.status?.extensions?.policy : undefined) ?? {};
}

/** Whether it is what an exemption excused that has ended, or that is no longer in the policy; `excused` are the rules that status lists. */
export function isExpiredAfter(excused: readonly string[]): (finding: Finding) => boolean {
  return ({ ruleId, exemption }) => (exemption === undefined ? excused.includes(ruleId) : exemption === 'ended');
}

/** The policy itself says why of an exemption that is still there. */
export function sayExpired(finding: Finding): Finding {
  const { exemption, because } = finding;
  if (exemption !== undefined) return finding;
  return { ...finding, because: because === undefined ? removed : `${because}, ${removed}` };
}

const removed = 'its exemption was removed';

/** Of what the schema forbids nobody knows which pods it would have. */
function areSamePods(before: Verdict, now: Verdict): boolean {
  if (!before.parsed || !now.parsed) return judgedObject(before) === judgedObject(now);
  return writePods(before.server) === writePods(now.server);
}

/** Equal for servers whose changes the other one is no roll-out of, whatever becomes of what they reference. */
export function writePods(server: MCPServer): string {
  return canonicalJson(buildPodTemplate({ server }));
}
