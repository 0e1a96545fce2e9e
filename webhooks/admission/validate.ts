import { applyDefaults } from '../core/defaults/apply.ts';
import { isDeeperThan } from '../core/engine/depth.ts';
import { evaluate, type Subject } from '../core/engine/evaluate.ts';
import type { ReferenceFacts } from '../core/engine/facts.ts';
import type { Installation } from '../core/engine/installation.ts';
import type { Finding } from '../core/engine/finding.ts';
import { fingerprint, ratchet, type Judged } from '../core/engine/ratchet.ts';
import { renderDenial, renderWarnings, type RenderOptions } from '../core/engine/render.ts';
import type { Rule } from '../core/engine/rule.ts';
import { toSchemaFinding } from '../core/engine/schema-finding.ts';
import { parseMCPServer } from '../core/mcpserver/parse.ts';
import { referencesOf, type Reference } from '../core/mcpserver/references.ts';
import type { Violation } from '../core/mcpserver/violation.ts';
import { digest } from '../platform/digest.ts';
import { allowed, denied, type AdmissionRequest, type Answer } from './admission-review.ts';
import { maxDepth } from './body-guard.ts';
import type { CallContext, Handler } from './handler.ts';
import { skipReasonOf, type SkipReason } from './scope.ts';

/** Looks up what an MCPServer names; never fails: what it cannot tell is `unknown`. */
export type GatherFacts = (
  namespace: string,
  references: readonly Reference[],
  context: CallContext,
) => Promise<ReferenceFacts>;

export interface ValidateOptions extends RenderOptions {
  readonly rules: readonly Rule[];
  readonly gatherFacts: GatherFacts;
  readonly installation?: Installation | undefined;
  readonly onSkipped: (reason: SkipReason) => void;
}

/**
 * Says everything that is wrong with an MCPServer at once: what denies refuses the request, the rest warns. What an
 * update leaves as it was only warns: a rule that became stricter must not hold up the next change of a replica count.
 */
export function createValidate({ rules, gatherFacts, installation, onSkipped, ...render }: ValidateOptions): Handler {
  const judge = (request: AdmissionRequest, subject: Subject): Answer => {
    const now = { object: subject.server, findings: evaluate(rules, subject) };
    return answerTo(request, now, () => judgeOld(request.oldObject, rules, subject), render);
  };

  return (request, context) => {
    const skip = skipReasonOf(request);
    if (skip !== undefined) {
      onSkipped(skip);
      return allowed();
    }
    const parsed = parseMCPServer(request.object);
    if (!parsed.ok) {
      const now = { object: request.object, findings: parsed.violations.map(toSchemaDenial) };
      return answerTo(request, now, () => judgeOldSchema(request.oldObject), render);
    }
    const server = applyDefaults(parsed.server);
    const references = referencesOf(server);
    const named = references.filter(({ name }) => name !== '');
    if (named.length === 0) return judge(request, { server, references, installation, facts: nothingToLookUp });
    return gatherFacts(request.namespace, named, context).then((facts) =>
      judge(request, { server, references, installation, facts }),
    );
  };
}

const nothingToLookUp: ReferenceFacts = { lookUp: () => ({ state: 'unknown', reason: 'not looked up' }) };

/** What the rules say about the object before the change; nothing about one that the schema forbids by now. */
function judgeOld(raw: unknown, rules: readonly Rule[], { facts, installation }: Subject): Judged {
  const parsed = parseMCPServer(raw);
  if (!parsed.ok) return { object: raw, findings: [] };
  const server = applyDefaults(parsed.server);
  return { object: server, findings: evaluate(rules, { server, facts, installation }) };
}

/**
 * API servers let an update pass that leaves a violation of the schema as it was. No rule can judge such an object; the
 * reconciler does not touch what runs for it.
 */
function judgeOldSchema(raw: unknown): Judged {
  const parsed = parseMCPServer(raw);
  return { object: raw, findings: parsed.ok ? [] : parsed.violations.map(toSchemaDenial) };
}

/** The old object is judged only when something would be refused otherwise: nearly every request has nothing. */
function answerTo(request: AdmissionRequest, now: Judged, judgeBefore: () => Judged, render: RenderOptions): Answer {
  if (now.findings.length === 0) return nothingToSay;
  const { enforced, tolerated } = tolerate(request, now, judgeBefore);
  const remarks = {
    warnings: renderWarnings(
      now.findings.filter(({ severity }) => severity === 'warn'),
      tolerated,
    ),
    auditAnnotations: annotationsFor(enforced.length === 0 ? 'allowed' : 'denied', now.findings, tolerated),
  };
  if (enforced.length === 0) return allowed(remarks);
  const { group, kind } = request.kind;
  return denied({
    of: { group, kind, name: request.name },
    ...renderDenial(enforced, render),
    ruleIds: ruleIdsOf(enforced),
    ...remarks,
  });
}

const nothingToSay = allowed({ warnings: [], auditAnnotations: { decision: 'allowed' } });

interface Tolerance {
  readonly enforced: readonly Finding[];
  readonly tolerated: readonly Finding[];
}

/**
 * Most denials of one object that are compared with those of the old one. Comparing costs some microseconds for each, and
 * a body has room for a hundred thousand; an object that has more than this is refused for all of them. So is one that is
 * nested deeper than a long body may be: comparing is recursive.
 */
const maxCompared = 1_000;

function tolerate({ operation, oldObject }: AdmissionRequest, now: Judged, judgeBefore: () => Judged): Tolerance {
  const denials = now.findings.filter(({ severity }) => severity === 'deny');
  const isComparable = operation === 'UPDATE' && oldObject !== undefined && denials.length <= maxCompared;
  if (denials.length === 0 || !isComparable) return { enforced: denials, tolerated: [] };
  const before = judgeBefore();
  if ([now, before].some(({ object }) => isDeeperThan(maxDepth, object))) return { enforced: denials, tolerated: [] };
  const rules = new Set(ruleIdsOf(denials));
  const candidates = before.findings.filter(({ ruleId }) => rules.has(ruleId)).slice(0, maxCompared);
  const known = fingerprint({ ...before, findings: candidates }, digest).map((printed) => printed.fingerprint);
  const { enforced, tolerated } = ratchet(fingerprint({ ...now, findings: denials }, digest), known);
  return {
    enforced: enforced.map(({ finding }) => finding),
    tolerated: tolerated.map(({ finding }) => finding),
  };
}

/** Keys are fixed, so that audit logs can be queried; the API server puts the webhook's name before them. */
function annotationsFor(
  decision: 'allowed' | 'denied',
  findings: readonly Finding[],
  tolerated: readonly Finding[],
): Readonly<Record<string, string>> {
  return {
    decision,
    ...(findings.length === 0 ? {} : { rules: ruleIdsOf(findings).join(',') }),
    ...(tolerated.length === 0 ? {} : { tolerated: ruleIdsOf(tolerated).join(',') }),
  };
}

function ruleIdsOf(findings: readonly Finding[]): readonly string[] {
  return [...new Set(findings.map(({ ruleId }) => ruleId))];
}

/** About the shape of an object; the API server has usually refused it before we are asked. */
function toSchemaDenial(violation: Violation): Finding {
  return toSchemaFinding(violation, 'deny');
}
