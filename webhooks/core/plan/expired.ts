import { canonicalJson } from '../engine/canonical-json.ts';
import type { Finding } from '../engine/finding.ts';
import { judgedObject, type Verdict } from '../engine/judge.ts';
import type { Tolerance } from '../engine/ratchet-update.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { buildPodTemplate } from '../resources/pod/pod-template.ts';

/**
 * What was there before is tolerated, but for what an exemption excused until its end: that ends with the next change of
 * the pods. Else nobody would ever have to mend it. Labels, annotations and replicas of the server can be changed as before.
 */
export function enforceExpired(tolerance: Tolerance, before: Verdict, now: Verdict): Tolerance {
  const { enforced, tolerated } = tolerance;
  if (!tolerated.some(isExpired) || areSamePods(before, now)) return tolerance;
  return {
    enforced: [...enforced, ...tolerated.filter(isExpired)],
    tolerated: tolerated.filter((finding) => !isExpired(finding)),
  };
}

function isExpired({ hasExpired }: Finding): boolean {
  return hasExpired === true;
}

/** Of what the schema forbids nobody knows which pods it would have. */
function areSamePods(before: Verdict, now: Verdict): boolean {
  if (!before.parsed || !now.parsed) return judgedObject(before) === judgedObject(now);
  return podsOf(before.server) === podsOf(now.server);
}

function podsOf(server: MCPServer): string {
  return canonicalJson(buildPodTemplate({ server }));
}
