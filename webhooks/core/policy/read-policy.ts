import type { Policy } from '../engine/policy.ts';
import type { Rule } from '../engine/rule.ts';
import { compilePolicy } from './compile-policy.ts';
import { documentShape, type NamedRules, type PolicyDocument } from './document.ts';
import { createTell, type PolicyProblem, type Tell } from './problem.ts';
import { findUnmetParameters } from './settings.ts';

/**
 * What a policy says. `unusable`: something is wrong, so nobody knows what it means; with all that is wrong at once.
 * `ignored`: what this release does not know or will not do, an unknown rule above all. `policy check` refuses that too; a
 * program that runs goes on without it, because the policy may be newer or older than the program.
 */
export type ReadPolicy =
  | {
      readonly type: 'usable';
      readonly policy: Policy;
      readonly document: PolicyDocument;
      readonly ignored: readonly PolicyProblem[];
    }
  | {
      readonly type: 'unusable';
      readonly problems: readonly PolicyProblem[];
      readonly ignored: readonly PolicyProblem[];
    };

/** `raw`: what JSON or YAML held, whatever that is. Never throws; takes time in proportion to its size. */
export function readPolicy(raw: unknown, rules: readonly Rule[]): ReadPolicy {
  const tell = createTell();
  const document = documentShape(rules).read(raw, [], tell);
  if (document !== undefined) {
    tellRefused(document, rules, tell);
    for (const problem of findUnmetParameters(document, rules)) tell.wrong(problem);
  }
  const { wrong, ignored } = tell.problems;
  if (document === undefined || wrong.length > 0) return { type: 'unusable', problems: wrong, ignored };
  return { type: 'usable', policy: compilePolicy(document, rules), document, ignored };
}

/** What a policy may not say of some rules; {@link compilePolicy} does not do it. */
function tellRefused(
  { rules: named = {}, overrides = [], exemptions = [] }: PolicyDocument,
  rules: readonly Rule[],
  tell: Tell,
): void {
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  const tellActions = (at: readonly (string | number)[], entries: NamedRules): void => {
    for (const [id, { action }] of Object.entries(entries)) {
      const problem = refusalOf(byId.get(id), action);
      if (problem !== undefined) tell.ignored({ path: [...at, id, 'action'], ...problem });
    }
  };
  tellActions(['rules'], named);
  overrides.forEach((override, index) => {
    tellActions(['overrides', index, 'rules'], override.rules);
    if (override.namespaces !== undefined || override.namespaceLabels !== undefined) return;
    tell.wrong({
      path: ['overrides', index],
      headline: 'names no namespace',
      detail: 'neither namespaces nor namespaceLabels is there',
      remedy: "Say for which namespaces it is, or move its rules to the policy's own.",
    });
  });
  exemptions.forEach(({ rule: id }, index) => {
    const rule = byId.get(id);
    const path = ['exemptions', index, 'rule'];
    if (rule === undefined) {
      const remedy = 'Correct the id, or remove the exemption: mcp-lifecycle rules lists every rule.';
      tell.ignored({ path, headline: 'is no rule of this release', detail: `found '${id}'`, remedy });
    } else if (rule.isMandatory === true) {
      tell.ignored({
        path,
        headline: 'nobody is excused from this rule',
        detail: mandatory,
        remedy: 'Remove the exemption.',
      });
    }
  });
}

type Refusal = Omit<PolicyProblem, 'path'>;

const mandatory = 'it keeps those who may create MCPServers from acting as mcp-lifecycle';

function refusalOf(rule: Rule | undefined, action: string | undefined): Refusal | undefined {
  if (rule === undefined || action === undefined) return undefined;
  if (rule.isMandatory === true && action !== 'deny') {
    return { headline: 'this rule always denies', detail: `found ${action}, but ${mandatory}`, remedy: 'Remove it.' };
  }
  if (rule.holdsBack === true && action === 'off') {
    const detail = 'found off, but nothing may be rolled out whose pods cannot start';
    return { headline: 'this rule cannot be off', detail, remedy: 'Use audit: then admission does not speak of it.' };
  }
  return undefined;
}
