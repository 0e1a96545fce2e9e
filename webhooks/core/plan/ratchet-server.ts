import { hadNoEffect } from '../engine/effective-since.ts';
import type { Finding } from '../engine/finding.ts';
import { mayDemandMore } from '../engine/policy-version.ts';
import type { PolicyVersion } from '../engine/policy-version.ts';
import { fingerprint, isCurrentFingerprint, ratchet } from '../engine/ratchet.ts';
import type { Digest, PrintedFinding, Ratcheted } from '../engine/ratchet.ts';
import type { Rule } from '../engine/rule.ts';
import { renderField } from '../engine/render.ts';
import { printable, shortenEnd } from '../engine/text.ts';
import type { MCPServer, PolicyState, ToleratedFinding } from '../mcpserver/types.gen.ts';
import { conditionOf } from './condition.ts';
import { isExpiredAfter, sayExpired, writePods } from './expired.ts';
import type { ObservedChild } from './observed.ts';

/** Most tolerated findings that status lists; as in crds/source/mcpserver.yaml. */
export const maxTolerated = 50;

/** Most denials of one server that are compared with what was tolerated, as at admission: each costs some microseconds. */
export const maxCompared = 1_000;

/** Most rules that status lists as excused: more than there are rules; as in crds/source/mcpserver.yaml. */
const maxExcused = 100;

/** Most fingerprints of what is excused that status lists; as in crds/source/mcpserver.yaml. */
const maxExcusedFingerprints = 50;

/** Longest message of one of them, in characters. */
const maxMessageLength = 100;

export interface RatchetInput {
  /** With every default applied, and the status that was written last. */
  readonly server: MCPServer;
  readonly findings: readonly Finding[];
  /** That found them. */
  readonly rules: readonly Pick<Rule, 'id' | 'stricterIn' | 'isAboutPrivileges' | 'isAboutReplicas'>[];
  readonly policyVersion: PolicyVersion;
  readonly digest: Digest;
  readonly observed: readonly ObservedChild[];
}

export interface RatchetedServer {
  /** Of these the owner has to do something before anything is rolled out. */
  readonly enforced: readonly Finding[];
  /** What status has to remember: while something is enforced it goes on speaking about what runs. */
  readonly policy: PolicyState;
}

/**
 * What the webhook does with the old object, without one: status remembers what was tolerated in the generation that was
 * accepted last.
 */
export function ratchetServer(input: RatchetInput): RatchetedServer {
  const { server, findings, policyVersion, digest } = input;
  const previous = server.status?.extensions?.policy;
  const denials = findings.filter(({ severity }) => severity === 'deny');
  const isOld = tellOldNews(input);
  const isOldNews = ({ finding }: PrintedFinding): boolean => isOld(finding);
  // Status lists a few of what it tolerates, so nearly all of these are new whatever the comparison says.
  if (denials.length > maxCompared && !denials.some(isOld)) {
    return { enforced: denials, policy: previous ?? policyVersion };
  }
  const printed = fingerprint({ object: server, findings: denials }, digest);
  const listed = inTodaysFormat(previous?.tolerated ?? [], printed, input);
  const known = [...listed, ...printed.filter(isOldNews)].map((one) => one.fingerprint);
  const { enforced, tolerated } = splitExpired(input, ratchet(printed, [...known, ...excusedBefore(server)]));
  if (enforced.length > 0) {
    const policy = previous === undefined ? policyVersion : afterRefusal(previous, listed, tolerated.filter(isOldNews));
    return { enforced, policy };
  }
  return { enforced: [], policy: afterConsent(previous, input, tolerated) };
}

/** Whether status speaks of this very generation. */
function isUnchanged({ metadata, status }: MCPServer): boolean {
  return metadata.generation !== undefined && status?.extensions?.policy?.generation === metadata.generation;
}

/** What was excused in the generation that was accepted last; of that generation itself everything is known. */
function excusedBefore(server: MCPServer): readonly string[] {
  return isUnchanged(server) ? [] : (server.status?.extensions?.policy?.excusedFingerprints ?? []);
}

function afterConsent(
  previous: PolicyState | undefined,
  input: RatchetInput,
  tolerated: readonly PrintedFinding[],
): PolicyState {
  const { generation } = input.server.metadata;
  const accepted = { ...input.policyVersion, ...(generation === undefined ? {} : { generation }) };
  return { ...accepted, ...listTolerated(tolerated.map(toEntry)), ...listExcused(previous, input) };
}

interface Split {
  readonly enforced: readonly Finding[];
  readonly tolerated: readonly PrintedFinding[];
}

/** As at admission: what an exemption excused until its end is tolerated only as long as the pods are those of then. */
function splitExpired({ server, digest }: RatchetInput, { enforced, tolerated }: Ratcheted): Split {
  const denied = enforced.map(({ finding }) => finding);
  const { pods, excused = [] } = server.status?.extensions?.policy ?? {};
  const isExpired = isExpiredAfter(excused);
  const expired = tolerated.filter(({ finding }) => isExpired(finding));
  // Without a digest nothing was excused before: the exemption came when it had ended already.
  const areSamePods =
    expired.length === 0 || isUnchanged(server) || pods === undefined || pods === digest(writePods(server));
  if (areSamePods) return { enforced: denied, tolerated };
  return {
    enforced: [...denied, ...expired.map(({ finding }) => sayExpired(finding))],
    tolerated: tolerated.filter((one) => !expired.includes(one)),
  };
}

/** Whether the server runs already, as far as we are concerned. */
export function ownsChildren({ server, observed }: Pick<RatchetInput, 'server' | 'observed'>): boolean {
  return observed.some(({ controller }) => controller?.uid !== undefined && controller.uid === server.metadata.uid);
}

/**
 * Whether what is found was there before although status does not list it: it came with the rules or with the
 * installation, and not with a change past the webhook. What an exemption excused in the generation that was accepted is
 * known besides, whatever the server has become since; see {@link splitExpired}.
 *
 * | judged before              | the server since | its rule since          | what is found     |
 * | -------------------------- | ---------------- | ----------------------- | ----------------- |
 * | accepted                   | unchanged        | any                     | old news (2)      |
 * | accepted                   | changed          | demands what it did     | new               |
 * | accepted                   | changed          | may demand more         | old news (1, 2)   |
 * | refused                    | any              | any                     | new               |
 * | never, and it runs already | -                | -                       | old news          |
 * | never, nothing runs        | -                | -                       | new               |
 *
 * (1) Which of both brought it cannot be told. The webhook was asked about the change, by the rule of then; but if it was
 * not, an upgrade must not be what lets a privileged container in; nor a policy what lets replicas past its own limit,
 * because the webhook that is asked about scaling fails open. What these rules find is new.
 *
 * (2) Not in a field that had no effect then: the CRD comes before the programs, so in an upgrade it is stored for a while
 * without anybody who judges it. Nothing runs of it, and nothing will.
 */
function tellOldNews(input: RatchetInput): (finding: Finding) => boolean {
  const { policy } = input.server.status?.extensions ?? {};
  const isOld = tellOldRules(input);
  return (finding) => isOld(finding) && (policy === undefined || !hadNoEffect(finding.path, policy.revision));
}

/** The same wherever it is found. */
function tellOldRules(input: RatchetInput): (finding: Finding) => boolean {
  const { status, metadata } = input.server;
  const previous = status?.extensions?.policy;
  if (previous === undefined) return ownsChildren(input) && !wasRefused(input.server) ? always : never;
  if (previous.generation === undefined) return never;
  if (previous.generation === metadata.generation) return always;
  if (previous.generation !== status?.observedGeneration) return never;
  const demandsMore = mayDemandMore(previous, input.policyVersion);
  const ids = new Set(input.rules.filter((rule) => demandsMore(rule) && !isSuspicious(rule)).map(({ id }) => id));
  return ({ ruleId }) => ids.has(ruleId);
}

const always = (): boolean => true;
const never = (): boolean => false;

function isSuspicious({ isAboutPrivileges, isAboutReplicas }: RatchetInput['rules'][number]): boolean {
  return isAboutPrivileges === true || isAboutReplicas === true;
}

/** By a reconciler that did not remember policies yet: what runs is not this generation. */
function wasRefused({ metadata, status }: MCPServer): boolean {
  const accepted = conditionOf(status, 'Accepted');
  return accepted?.status === 'False' && accepted.observedGeneration === metadata.generation;
}

/**
 * Unchanged, but for what came with a privilege and was not held against the server: by the next look its generation was
 * refused, and whoever takes the privilege back must not be held up by what the rules brought meanwhile.
 */
function afterRefusal(
  previous: PolicyState,
  listed: readonly ToleratedFinding[],
  tolerated: readonly PrintedFinding[],
): PolicyState {
  const { tolerated: before = listed, toleratedNotListed = 0, ...accepted } = previous;
  const known = new Set(listed.map((one) => one.fingerprint));
  const more = tolerated.filter((one) => !known.has(one.fingerprint));
  if (more.length === 0 && listed === before) return previous;
  return { ...accepted, ...listTolerated([...listed, ...more.map(toEntry)], toleratedNotListed) };
}

/**
 * The entries with fingerprints that can be compared; the same list when all can be already. Those of earlier releases depend
 * on the words of then, so such an entry is recognised once by its rule and its path, and kept with the fingerprint of
 * what is there: of a server that was changed since only if it is about no privilege, because another one may stand at that
 * path now. One that is not there now waits as it is, in case the change that took it away is taken back.
 */
function inTodaysFormat(
  listed: readonly ToleratedFinding[],
  printed: readonly PrintedFinding[],
  { server: { metadata, status }, rules }: RatchetInput,
): readonly ToleratedFinding[] {
  if (listed.every((entry) => isCurrentFingerprint(entry.fingerprint))) return listed;
  const isUnchanged = status?.extensions?.policy?.generation === metadata.generation;
  const suspicious = new Set(rules.filter((rule) => !isUnchanged && isSuspicious(rule)).map(({ id }) => id));
  const comparable = printed.filter(({ finding }) => !suspicious.has(finding.ruleId));
  const present = Map.groupBy(comparable, ({ finding }) => `${finding.ruleId} ${renderField(finding)}`);
  return listed.map((entry) => {
    if (isCurrentFingerprint(entry.fingerprint)) return entry;
    const found = present.get(`${entry.rule} ${entry.path}`)?.shift();
    return found === undefined ? entry : { ...entry, fingerprint: found.fingerprint };
  });
}

function listTolerated(
  entries: readonly ToleratedFinding[],
  notListed = 0,
): Pick<PolicyState, 'tolerated' | 'toleratedNotListed'> {
  if (entries.length === 0) return {};
  const left = notListed + Math.max(0, entries.length - maxTolerated);
  return {
    tolerated: entries.slice(0, maxTolerated),
    ...(left > 0 ? { toleratedNotListed: left } : {}),
  };
}

/**
 * Rules that find what an exemption excuses or has excused, as long as they find something: who takes the exemption out of
 * the policy ends it, and the webhook does not take for older than the rule what it let in. And what was excused, in which
 * pods: the policy may change together with the server.
 */
function listExcused(
  previous: PolicyState | undefined,
  { server, findings, digest }: RatchetInput,
): Pick<PolicyState, 'excused' | 'excusedFingerprints' | 'pods'> {
  const before = previous?.excused ?? [];
  const excused = findings.filter(({ ruleId, exemption }) => exemption !== undefined || before.includes(ruleId));
  if (excused.length === 0) return {};
  const ids = new Set(excused.map(({ ruleId }) => ruleId));
  // Of one that has ended status lists what is tolerated.
  const running = excused.filter(({ exemption }) => exemption === 'excused' || exemption === 'ending');
  const printed = fingerprint({ object: server, findings: running.slice(0, maxExcusedFingerprints) }, digest);
  return {
    excused: [...ids].sort().slice(0, maxExcused),
    ...(printed.length === 0 ? {} : { excusedFingerprints: printed.map((one) => one.fingerprint) }),
    pods: digest(writePods(server)),
  };
}

function toEntry({ finding, fingerprint: print }: PrintedFinding): ToleratedFinding {
  return {
    rule: finding.ruleId,
    path: renderField(finding),
    message: shortenEnd(printable(finding.headline), maxMessageLength),
    fingerprint: print,
  };
}
