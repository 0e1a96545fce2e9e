import type { Finding } from '../engine/finding.ts';
import { fingerprint, ratchet } from '../engine/ratchet.ts';
import type { Digest, PrintedFinding } from '../engine/ratchet.ts';
import type { Rule } from '../engine/rule.ts';
import { renderField } from '../engine/render.ts';
import { printable, shortenEnd } from '../engine/text.ts';
import type { MCPServer, PolicyState, ToleratedFinding } from '../mcpserver/types.gen.ts';
import type { ObservedChild } from './observed.ts';

/** Most tolerated findings that status lists; as in crds/source/mcpserver.yaml. */
export const maxTolerated = 50;

/** Longest message of one of them, in characters. */
const maxMessageLength = 100;

export interface RatchetInput {
  /** With every default applied, and the status that was written last. */
  readonly server: MCPServer;
  readonly findings: readonly Finding[];
  /** That found them. */
  readonly rules: readonly Pick<Rule, 'id' | 'isAboutPrivileges'>[];
  readonly policyDigest: string;
  readonly digest: Digest;
  readonly observed: readonly ObservedChild[];
}

export interface RatchetedServer {
  /** Of these the owner has to do something before anything is rolled out. */
  readonly enforced: readonly Finding[];
  /** What status has to remember. Unchanged while something is enforced: it speaks about what runs. */
  readonly policy: PolicyState;
}

/**
 * What the webhook does with the old object, without one: status remembers what was tolerated in the generation that was
 * accepted last.
 */
export function ratchetServer(input: RatchetInput): RatchetedServer {
  const { server, findings, policyDigest, digest } = input;
  const previous = server.status?.extensions?.policy;
  const denials = findings.filter(({ severity }) => severity === 'deny');
  const printed = fingerprint({ object: server, findings: denials }, digest);
  const known = selectKnown(input, printed);
  const { enforced, tolerated } = ratchet(
    printed,
    known.map((one) => one.fingerprint),
  );
  if (enforced.length > 0) {
    return { enforced: enforced.map(({ finding }) => finding), policy: previous ?? { digest: policyDigest } };
  }
  const { generation } = server.metadata;
  const accepted = { digest: policyDigest, ...(generation === undefined ? {} : { generation }) };
  return { enforced: [], policy: { ...accepted, ...listTolerated(tolerated) } };
}

/** Whether the server runs already, as far as we are concerned. */
export function ownsChildren({ server, observed }: Pick<RatchetInput, 'server' | 'observed'>): boolean {
  return observed.some(({ controller }) => controller?.uid !== undefined && controller.uid === server.metadata.uid);
}

/**
 * What is found and was there before: what status lists, and besides it whatever came with the rules or with the
 * installation, and not with a change past the webhook.
 *
 * | judged before              | the server since | the rules since | what is found                          |
 * | -------------------------- | ---------------- | --------------- | -------------------------------------- |
 * | accepted                   | unchanged        | any             | old news                               |
 * | accepted                   | changed          | unchanged       | new, unless listed                     |
 * | accepted                   | changed          | changed         | old news; privileges: unless listed (1) |
 * | refused                    | any              | any             | new, unless listed                     |
 * | never, and it runs already | -                | -               | old news                               |
 * | never, nothing runs        | -                | -               | new                                    |
 *
 * (1) Which of both brought it cannot be told. The webhook was asked about the change, by the rules of then; but if it
 * was not, an upgrade must not be what lets a privileged container in.
 */
function selectKnown(
  input: RatchetInput,
  printed: readonly PrintedFinding[],
): readonly { readonly fingerprint: string }[] {
  const listed = input.server.status?.extensions?.policy?.tolerated ?? [];
  switch (tellAge(input)) {
    case 'old':
      return printed;
    case 'new':
      return listed;
    case 'untold':
      return [...listed, ...printed.filter(isUnsuspicious(input.rules))];
  }
}

function tellAge(input: RatchetInput): 'old' | 'new' | 'untold' {
  const { status, metadata } = input.server;
  const previous = status?.extensions?.policy;
  if (previous === undefined) return ownsChildren(input) && !wasRefused(input.server) ? 'old' : 'new';
  if (previous.generation === undefined) return 'new';
  if (previous.generation === metadata.generation) return 'old';
  const wasAccepted = previous.generation === status?.observedGeneration;
  return wasAccepted && previous.digest !== input.policyDigest ? 'untold' : 'new';
}

function isUnsuspicious(rules: RatchetInput['rules']): (printed: PrintedFinding) => boolean {
  const aboutPrivileges = new Set(rules.filter((rule) => rule.isAboutPrivileges === true).map(({ id }) => id));
  return ({ finding }) => !aboutPrivileges.has(finding.ruleId);
}

/** By a reconciler that did not remember policies yet: what runs is not this generation. */
function wasRefused({ metadata, status }: MCPServer): boolean {
  const accepted = status?.conditions?.find(({ type }) => type === 'Accepted');
  return accepted?.status === 'False' && accepted.observedGeneration === metadata.generation;
}

function listTolerated(tolerated: readonly PrintedFinding[]): Pick<PolicyState, 'tolerated' | 'toleratedNotListed'> {
  if (tolerated.length === 0) return {};
  const left = tolerated.length - maxTolerated;
  return {
    tolerated: tolerated.slice(0, maxTolerated).map(toEntry),
    ...(left > 0 ? { toleratedNotListed: left } : {}),
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
