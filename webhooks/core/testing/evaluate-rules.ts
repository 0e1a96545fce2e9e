import { evaluate } from '../engine/evaluate.ts';
import type { Finding } from '../engine/finding.ts';
import { prepare } from '../engine/judge.ts';
import type { PreparedServer } from '../engine/judge.ts';
import { noParameters, type RuleParameters } from '../engine/parameters.ts';
import { ownEntry } from '../engine/policy.ts';
import type { Policy } from '../engine/policy.ts';
import type { Example, Rule, RuleInput } from '../engine/rule.ts';
import type { CompatibilityProfile } from '../mcpserver/compatibility.ts';
import { referencesOf } from '../mcpserver/references.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';

/** Where no test asks for another one. */
export const anInstant = '2026-11-29T12:00:00Z';

/** What single rules say about a server as it is: neither parsed nor defaulted. A policy asks for all of them. */
export function evaluateRules(
  rules: readonly Rule[],
  input: Omit<RuleInput, 'references'>,
  parameters: RuleParameters = noParameters,
): readonly Finding[] {
  const references = referencesOf(input.server);
  const entries = rules.map((rule) => ownEntry(rule, parameters));
  const { apis = input.installation?.apis } = input;
  return evaluate({ ...input, apis, references }, { policy: { rules, entriesFor: () => entries }, now: anInstant });
}

/** The policy of an example: the rule judges with its parameters, also where only a policy asks for it; all others as ever. */
export function policyOf(base: Policy, rule: Rule, { parameters }: Example): Policy {
  if (rule.isOptIn !== true && parameters === undefined) return base;
  const others = base.entriesFor('mcp').filter((entry) => entry.rule.id !== rule.id);
  const entries = [...others, ownEntry(rule, parameters)];
  return { ...base, entriesFor: () => entries };
}

/** The server as it is judged. Throws when the schema has something against it. */
export function prepared(server: MCPServer, compatibility?: CompatibilityProfile): PreparedServer {
  const subject = prepare(server, compatibility);
  if (!subject.parsed) throw new Error(JSON.stringify(subject.findings));
  return subject;
}
