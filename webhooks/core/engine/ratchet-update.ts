import { ownValue } from '../mcpserver/record.ts';
import { isDeeperThan } from './depth.ts';
import type { Finding } from './finding.ts';
import { fingerprint, ratchet, type Digest, type Judged } from './ratchet.ts';

/** Findings of an update, by whether the object before it had them as well. */
export interface Tolerance {
  readonly enforced: readonly Finding[];
  readonly tolerated: readonly Finding[];
}

/**
 * Most findings of one object that are compared with those of the old one. Comparing costs some microseconds for each, and
 * a body has room for a hundred thousand; an object that has more than this is refused for all of them. So is one that is
 * nested deeper than {@link maxComparedDepth}: comparing is recursive.
 */
const maxCompared = 1_000;

/** In levels: as deep as a long body may be (admission/body-guard.ts). */
const maxComparedDepth = 128;

/** Tolerates what an update leaves as it was: the webhook's answer to it, and that of `check --base` to a pull request. */
export function ratchetUpdate(now: Judged, before: Judged, digest: Digest): Tolerance {
  const { findings } = now;
  if (findings.length === 0 || findings.length > maxCompared) return { enforced: findings, tolerated: [] };
  const rules = new Set(findings.map(({ ruleId }) => ruleId));
  const candidates = before.findings.filter(({ ruleId }) => rules.has(ruleId)).slice(0, maxCompared);
  const known: Judged = { object: before.object, findings: candidates };
  if (candidates.length === 0 || isTooDeep(now) || isTooDeep(known)) return { enforced: findings, tolerated: [] };
  const { enforced, tolerated } = ratchet(
    fingerprint(now, digest),
    fingerprint(known, digest).map((printed) => printed.fingerprint),
  );
  return {
    enforced: enforced.map(({ finding }) => finding),
    tolerated: tolerated.map(({ finding }) => finding),
  };
}

/** In the spec, and in what else findings lead into: the other fields of the object are not compared. */
function isTooDeep({ object, findings }: Judged): boolean {
  if (isDeeperThan(maxComparedDepth - 1, ownValue(object, 'spec'))) return true;
  // Nearly always.
  if (findings.every(isInSpec)) return false;
  const fields = new Set(findings.filter((finding) => !isInSpec(finding)).map(({ path }) => path[0]));
  for (const field of fields) {
    const isDeep =
      field === undefined
        ? isDeeperThan(maxComparedDepth, object)
        : isDeeperThan(maxComparedDepth - 1, ownValue(object, field));
    if (isDeep) return true;
  }
  return false;
}

function isInSpec({ path }: Finding): boolean {
  return path[0] === 'spec';
}
