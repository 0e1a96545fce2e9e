import { ownValue } from '../mcpserver/record.ts';
import type { FieldPath } from '../mcpserver/violation.ts';
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
export const maxCompared = 1_000;

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
  return compareFew(now, known) ?? compareFingerprints(now, known, digest);
}

function compareFingerprints(now: Judged, known: Judged, digest: Digest): Tolerance {
  const { enforced, tolerated } = ratchet(
    fingerprint(now, digest),
    fingerprint(known, digest).map((printed) => printed.fingerprint),
  );
  return {
    enforced: enforced.map(({ finding }) => finding),
    tolerated: tolerated.map(({ finding }) => finding),
  };
}

/** So many are compared one with another. */
const few = 8;

/**
 * What fingerprints would say of a few findings about single values outside of lists, which nearly every update has: they are
 * compared as they are, and nothing is written out. Undefined for others.
 */
function compareFew(now: Judged, known: Judged): Tolerance | undefined {
  if (now.findings.length > few || known.findings.length > few) return undefined;
  if (!now.findings.every((finding) => isSingle(now.object, finding))) return undefined;
  if (!known.findings.every((finding) => isSingle(known.object, finding))) return undefined;
  const left = [...known.findings];
  const enforced: Finding[] = [];
  const tolerated: Finding[] = [];
  for (const finding of now.findings) {
    const value = valueAt(now.object, finding);
    const at = left.findIndex((one) => isSame(one, finding) && valueAt(known.object, one) === value);
    (at === -1 ? enforced : tolerated).push(finding);
    if (at !== -1) left.splice(at, 1);
  }
  return { enforced, tolerated };
}

/** Whether it depends on one value alone, which is a text, a number, a switch or not there, and on the way to it is no list. */
function isSingle(object: unknown, { path, dependsOn }: Finding): boolean {
  if (dependsOn !== undefined) return false;
  let value = object;
  for (const segment of path) {
    if (Array.isArray(value)) return false;
    value = ownValue(value, segment);
  }
  return typeof value !== 'object' || value === null;
}

function valueAt(object: unknown, { path }: Finding): unknown {
  let value = object;
  for (const segment of path) value = ownValue(value, segment);
  return value;
}

/** In all that is in a fingerprint, but for the value. */
function isSame(a: Finding, b: Finding): boolean {
  return (
    a.ruleId === b.ruleId &&
    a.isUnchecked === b.isUnchecked &&
    areSame(a.path, b.path) &&
    areSame(a.cause ?? [], b.cause ?? [])
  );
}

function areSame(a: FieldPath, b: FieldPath): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}

/** Whether comparing would go too deep. In the spec, and in what else findings lead into: the other fields of the object are not compared. */
export function isTooDeep({ object, findings }: Judged): boolean {
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
