import { canonicalJson } from '../engine/canonical-json.ts';
import type { Finding } from '../engine/finding.ts';
import { judgedObject, type Verdict } from '../engine/judge.ts';
import type { Tolerance } from '../engine/ratchet-update.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { buildPodTemplate } from '../resources/pod/pod-template.ts';

/**
 * What was there before is tolerated, but for what an exemption excused until its end: that ends with the next change of
 * the pods. Else nobody would ever have to mend it. Labels, annotations and replicas of the server can be changed as before.
 * Taking an exemption out of the policy ends it, too: the status of the old object tells what it excused.
 */
export function enforceExpired(tolerance: Tolerance, before: Verdict, now: Verdict): Tolerance {
  const { enforced, tolerated } = tolerance;
  const excused = excusedIn(before);
  const isExpired = ({ ruleId, exemption }: Finding): boolean =>
    exemption === undefined ? excused.includes(ruleId) : exemption === 'ended';
  if (!tolerated.some(isExpired) || areSamePods(before, now)) return tolerance;
  return {
    enforced: [...enforced, ...tolerated.filter(isExpired).map(sayWhy)],
    tolerated: tolerated.filter((finding) => !isExpired(finding)),
  };
}

function excusedIn(before: Verdict): readonly string[] {
  return (before.parsed ? before.server.status?.extensions?.policy?.excused : undefined) ?? [];
}

/** The policy itself says it of an exemption that is still there. */
function sayWhy(finding: Finding): Finding {
  const { exemption, because } = finding;
  if (exemption !== undefined) return finding;
  return { ...finding, because: because === undefined ? removed : `${because}, ${removed}` };
}

const removed = 'its exemption was removed';

/** Of what the schema forbids nobody knows which pods it would have. */
function areSamePods(before: Verdict, now: Verdict): boolean {
  if (!before.parsed || !now.parsed) return judgedObject(before) === judgedObject(now);
  return podsOf(before.server) === podsOf(now.server);
}

function podsOf(server: MCPServer): string {
  return canonicalJson(buildPodTemplate({ server }));
}
