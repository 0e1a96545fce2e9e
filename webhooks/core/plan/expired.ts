import { canonicalJson } from '../engine/canonical-json.ts';
import type { Finding } from '../engine/finding.ts';
import { judgedObject, type Verdict } from '../engine/judge.ts';
import { fingerprint, ratchet, type Digest } from '../engine/ratchet.ts';
import { isTooDeep, maxCompared, type Tolerance } from '../engine/ratchet-update.ts';
import type { MCPServer, PolicyState } from '../mcpserver/types.gen.ts';
import { inPods } from '../resources/pod/fields-in-no-pod.ts';

/**
 * What was there before is tolerated, but for what an exemption excused until its end: that ends with the next change of
 * the pods. Else nobody would ever have to mend it. Labels, annotations and replicas of the server can be changed as before.
 * Taking an exemption out of the policy ends it, too: the status of the old object tells what it excused, or, where
 * there is no status, whoever knows the policy of before (`excused`: ids of rules). What gets past the webhook is held to
 * the same in ratchet-server.ts, and may be taken back to the pods that run: what they had is remembered, whatever stands at
 * its place in the old object.
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
  if (!tolerated.some(isExpired) && !enforced.some(isExpired)) return tolerance;
  if (isBack(remembered, now, digest)) return excuseRemembered(tolerance, isExpired, { remembered, now, digest });
  if (!tolerated.some(isExpired) || areSamePods(before, now)) return tolerance;
  return {
    enforced: [...enforced, ...tolerated.filter(isExpired).map(sayExpired)],
    tolerated: tolerated.filter((finding) => !isExpired(finding)),
  };
}

/** Whether the pods would be those that run, as far as status remembers them; it does only where something was excused. */
function isBack({ pods }: Partial<PolicyState>, now: Verdict, digest: Digest): now is PreparedVerdict {
  if (pods === undefined || !now.parsed || isTooDeep({ object: now.server, findings: [] })) return false;
  return pods === digest(writePods(now.server));
}

type PreparedVerdict = Extract<Verdict, { readonly parsed: true }>;

interface Back {
  readonly remembered: Partial<PolicyState>;
  readonly now: PreparedVerdict;
  readonly digest: Digest;
}

/** The change that is taken back may have put another value at the place: then the old object does not excuse what it was. */
function excuseRemembered(
  tolerance: Tolerance,
  isExpired: (finding: Finding) => boolean,
  { remembered, now, digest }: Back,
): Tolerance {
  const { enforced, tolerated } = tolerance;
  const expired = enforced.filter(isExpired);
  if (expired.length === 0 || expired.length > maxCompared) return tolerance;
  const { excusedFingerprints = [], tolerated: listed = [] } = remembered;
  const known = [...excusedFingerprints, ...listed.map((one) => one.fingerprint)];
  const compared = { object: now.server, findings: expired };
  if (isTooDeep(compared)) return tolerance;
  const excused = new Set(ratchet(fingerprint(compared, digest), known).tolerated.map(({ finding }) => finding));
  return {
    enforced: enforced.filter((finding) => !excused.has(finding)),
    tolerated: [...tolerated, ...excused],
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

/**
 * What pods are made of: equal for servers whose changes the other one is no roll-out of, whatever becomes of what they
 * reference. Status keeps a digest of it, which the next release has to recognise although it builds other pods: so it is
 * what the spec says, but for the fields that are in no pod.
 */
export function writePods({ metadata: { name, namespace }, spec }: MCPServer): string {
  return canonicalJson({ name, namespace, ...inPods(spec) });
}
