import { applyDefaults } from '../core/defaults/apply.ts';
import { evaluate, type Subject } from '../core/engine/evaluate.ts';
import type { ReferenceFacts } from '../core/engine/facts.ts';
import type { Finding } from '../core/engine/finding.ts';
import { renderDenial, renderWarnings, type RenderOptions } from '../core/engine/render.ts';
import type { Rule } from '../core/engine/rule.ts';
import { parseMCPServer } from '../core/mcpserver/parse.ts';
import { referencesOf, type Reference } from '../core/mcpserver/references.ts';
import type { Violation } from '../core/mcpserver/violation.ts';
import { allowed, denied, type AdmissionRequest, type Answer } from './admission-review.ts';
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
  readonly onSkipped: (reason: SkipReason) => void;
}

/** Id of findings about the shape of an object; the API server has usually refused it before we are asked. */
export const schemaRuleId = 'schema';

/** Says everything that is wrong with an MCPServer at once: what denies refuses the request, the rest warns. */
export function createValidate({ rules, gatherFacts, onSkipped, ...render }: ValidateOptions): Handler {
  const judge = (request: AdmissionRequest, subject: Subject): Answer =>
    answerTo(request, evaluate(rules, subject), render);

  return (request, context) => {
    const skip = skipReasonOf(request);
    if (skip !== undefined) {
      onSkipped(skip);
      return allowed();
    }
    const parsed = parseMCPServer(request.object);
    if (!parsed.ok) return answerTo(request, parsed.violations.map(toSchemaFinding), render);
    const server = applyDefaults(parsed.server);
    const references = referencesOf(server);
    const named = references.filter(({ name }) => name !== '');
    if (named.length === 0) return judge(request, { server, references, facts: nothingToLookUp });
    return gatherFacts(request.namespace, named, context).then((facts) =>
      judge(request, { server, references, facts }),
    );
  };
}

const nothingToLookUp: ReferenceFacts = { lookUp: () => ({ state: 'unknown', reason: 'not looked up' }) };

function answerTo(request: AdmissionRequest, findings: readonly Finding[], render: RenderOptions): Answer {
  const denials = findings.filter(({ severity }) => severity === 'deny');
  const remarks = {
    warnings: renderWarnings(findings.filter(({ severity }) => severity === 'warn')),
    auditAnnotations: annotationsFor(denials.length === 0 ? 'allowed' : 'denied', findings),
  };
  if (denials.length === 0) return allowed(remarks);
  const { group, kind } = request.kind;
  return denied({
    of: { group, kind, name: request.name },
    ...renderDenial(denials, render),
    ruleIds: ruleIdsOf(denials),
    ...remarks,
  });
}

/** Keys are fixed, so that audit logs can be queried; the API server puts the webhook's name before them. */
function annotationsFor(
  decision: 'allowed' | 'denied',
  findings: readonly Finding[],
): Readonly<Record<string, string>> {
  return findings.length === 0 ? { decision } : { decision, rules: ruleIdsOf(findings).join(',') };
}

function ruleIdsOf(findings: readonly Finding[]): readonly string[] {
  return [...new Set(findings.map(({ ruleId }) => ruleId))];
}

function toSchemaFinding(violation: Violation): Finding {
  return { remedy: 'Correct this field.', ...violation, ruleId: schemaRuleId, severity: 'deny' };
}
