import type { ReferenceFacts } from '../core/engine/facts.ts';
import type { Installation } from '../core/engine/installation.ts';
import type { Finding } from '../core/engine/finding.ts';
import { judge, judgedObject, prepare, type JudgeContext, type Prepared, type Verdict } from '../core/engine/judge.ts';
import type { LabelsOf, Policy } from '../core/engine/policy.ts';
import type { Judged } from '../core/engine/ratchet.ts';
import { ratchetUpdate, type Tolerance } from '../core/engine/ratchet-update.ts';
import { renderCauses, renderWarnings, type RenderOptions } from '../core/engine/render.ts';
import type { Reference } from '../core/mcpserver/references.ts';
import { enforceExpired } from '../core/plan/expired.ts';
import { digest } from '../platform/digest.ts';
import { allowed, denied, type AdmissionRequest, type Answer } from './admission-review.ts';
import type { CallContext, Handler } from './handler.ts';
import type { FoundInRequest } from './metrics.ts';
import { skipReasonOf, type SkipReason } from './scope.ts';

/** Looks up what an MCPServer names; never fails: what it cannot tell is `unknown`. */
export type GatherFacts = (
  namespace: string,
  references: readonly Reference[],
  context: CallContext,
) => Promise<ReferenceFacts>;

export interface ValidateOptions extends RenderOptions {
  /** Read for every request, so it may be another one from then on. */
  readonly policy: Policy;
  /** Absent where nobody may read namespaces. */
  readonly labelsOf?: LabelsOf | undefined;
  /** What is said with each verdict, whatever it is; read with the policy. */
  readonly notice?: string | undefined;
  readonly gatherFacts: GatherFacts;
  readonly installation?: Installation | undefined;
  /** The time, RFC 3339. */
  readonly now: () => string;
  readonly onSkipped: (reason: SkipReason) => void;
}

/**
 * Says everything that is wrong with an MCPServer at once: what denies refuses the request, the rest warns. What an
 * update leaves as it was only warns: a rule that became stricter must not hold up the next change of a replica count.
 */
export function createValidate(options: ValidateOptions): Handler {
  const { gatherFacts, onSkipped } = options;
  // Most servers name nothing: one context for all of them.
  const withoutFacts = new LateContext(options, nothingToLookUp);
  const answer = (request: AdmissionRequest, prepared: Prepared, context: JudgeContext): Answer =>
    answerTo(
      request,
      judge(prepared, context),
      (rules) =>
        judge(prepare(request.oldObject, options.policy.compatibility), new LateContext(options, context.facts, rules)),
      options,
    );

  return (request, call) => {
    const skip = skipReasonOf(request);
    if (skip !== undefined) {
      onSkipped(skip);
      return allowed();
    }
    const prepared = prepare(request.object, options.policy.compatibility);
    if (!prepared.parsed || !prepared.references.some(isNamed)) return answer(request, prepared, withoutFacts);
    return gatherFacts(request.namespace, prepared.references.filter(isNamed), call).then((facts) =>
      answer(request, prepared, new LateContext(options, facts)),
    );
  };
}

/** Tells the time when it is asked for it, which is next to never. */
export class LateContext implements JudgeContext {
  readonly facts: ReferenceFacts;
  readonly installation: Installation | undefined;
  readonly labelsOf: LabelsOf | undefined;
  readonly only: ReadonlySet<string> | undefined;
  readonly #options: Pick<ValidateOptions, 'policy' | 'now'>;

  constructor(options: ValidateOptions, facts: ReferenceFacts, only?: ReadonlySet<string>) {
    this.facts = facts;
    this.installation = options.installation;
    this.labelsOf = options.labelsOf;
    this.only = only;
    this.#options = options;
  }

  get policy(): Policy {
    return this.#options.policy;
  }

  get now(): string {
    return this.#options.now();
  }
}

export const nothingToLookUp: ReferenceFacts = { lookUp: () => ({ state: 'unknown', reason: 'not looked up' }) };

export function isNamed({ name }: Reference): boolean {
  return name !== '';
}

/**
 * The old object is judged only when something would be refused otherwise: nearly every request has nothing. API servers
 * let an update pass that leaves a violation of the schema as it was; no rule can judge such an object, and the reconciler
 * does not touch what runs for it.
 */
function answerTo(request: AdmissionRequest, verdict: Verdict, judgeBefore: JudgeOld, options: AnswerOptions): Answer {
  const { findings } = verdict;
  if (findings.length === 0) return answerNothing(options);
  return answerWith(request, { findings, ...tolerate(request, verdict, judgeBefore) }, options);
}

/** Everything that there is to say about a request, and what becomes of it. */
export interface Ruled extends Tolerance {
  readonly findings: readonly Finding[];
}

type AnswerOptions = RenderOptions & Pick<ValidateOptions, 'notice'>;

export function answerNothing({ notice }: AnswerOptions): Answer {
  return notice === undefined ? nothingToSay : nothingBut(notice);
}

export function answerWith(request: AdmissionRequest, ruled: Ruled, options: AnswerOptions): Answer {
  const { findings, enforced, tolerated } = ruled;
  const { notice } = options;
  const warnings = renderWarnings(
    findings.filter(({ severity }) => severity === 'warn'),
    tolerated,
  );
  const remarks = {
    warnings: notice === undefined ? warnings : [notice, ...warnings],
    auditAnnotations: annotationsFor(enforced.length === 0 ? 'allowed' : 'denied', findings, tolerated),
    found: listFound(findings, tolerated),
  };
  if (enforced.length === 0) return allowed(remarks);
  const { group, kind } = request.kind;
  return denied({
    of: { group, kind, name: request.name },
    causes: renderCauses(enforced, options),
    ruleIds: ruleIdsOf(enforced),
    ...remarks,
  });
}

const nothingToSay = allowed({ warnings: [], auditAnnotations: { decision: 'allowed' } });

function nothingBut(notice: string): Answer {
  return allowed({ warnings: [notice], auditAnnotations: { decision: 'allowed' } });
}

const nobody: ReadonlySet<Finding> = new Set();

/** Each rule once for each thing that became of what it found. */
function listFound(findings: readonly Finding[], tolerated: readonly Finding[]): readonly FoundInRequest[] {
  const isTolerated = tolerated.length === 0 ? nobody : new Set(tolerated);
  const found: FoundInRequest[] = [];
  for (const finding of findings) {
    const { ruleId: rule, severity } = finding;
    const action = isTolerated.has(finding) ? 'tolerated' : severity;
    if (!isListed(found, rule, action)) found.push({ rule, action });
  }
  return found;
}

function isListed(found: readonly FoundInRequest[], rule: string, action: FoundInRequest['action']): boolean {
  for (const one of found) if (one.rule === rule && one.action === action) return true;
  return false;
}

/** What is found in the old object by the rules of these ids, which refuse the new one: the others are not asked. */
type JudgeOld = (rules: ReadonlySet<string>) => Verdict;

export function tolerate(
  { operation, oldObject }: Pick<AdmissionRequest, 'operation' | 'oldObject'>,
  verdict: Verdict,
  judgeBefore: JudgeOld,
): Tolerance {
  const denials = verdict.findings.filter(({ severity }) => severity === 'deny');
  if (denials.length === 0 || operation !== 'UPDATE' || oldObject === undefined) {
    return { enforced: denials, tolerated: [] };
  }
  const old = judgeBefore(new Set(ruleIdsOf(denials)));
  const now = { object: judgedObject(verdict), findings: denials };
  return enforceExpired(ratchetUpdate(now, toJudged(old), brief), old, verdict, { digest });
}

function toJudged(verdict: Verdict): Judged {
  return { object: judgedObject(verdict), findings: verdict.findings };
}

/** Nobody keeps these fingerprints, so what is short stays as it is. It is JSON, which never begins with that character. */
function brief(text: string): string {
  return text.length <= longestKept ? text : `#${digest(text)}`;
}

const longestKept = 200;

/** Keys are fixed, so that audit logs can be queried; the API server puts the webhook's name before them. */
function annotationsFor(
  decision: 'allowed' | 'denied',
  findings: readonly Finding[],
  tolerated: readonly Finding[],
): Readonly<Record<string, string>> {
  const audited = findings.filter(({ severity }) => severity === 'audit');
  // Only a policy keeps something to the audit log.
  const told = audited.length === 0 ? findings : findings.filter(({ severity }) => severity !== 'audit');
  const annotations: Record<string, string> = { decision };
  if (told.length > 0) annotations['rules'] = ruleIdsOf(told).join(',');
  if (tolerated.length > 0) annotations['tolerated'] = ruleIdsOf(tolerated).join(',');
  if (audited.length > 0) annotations['audited'] = ruleIdsOf(audited).join(',');
  return annotations;
}

function ruleIdsOf(findings: readonly Finding[]): readonly string[] {
  const ids: string[] = [];
  // There are some dozens of rules, however many findings.
  for (const { ruleId } of findings) if (!ids.includes(ruleId)) ids.push(ruleId);
  return ids;
}
