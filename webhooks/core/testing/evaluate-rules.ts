import { evaluate } from '../engine/evaluate.ts';
import type { Finding } from '../engine/finding.ts';
import { prepare } from '../engine/judge.ts';
import type { PreparedServer } from '../engine/judge.ts';
import { atOwnSeverity } from '../engine/policy.ts';
import type { Rule, RuleInput } from '../engine/rule.ts';
import { referencesOf } from '../mcpserver/references.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';

/** Where no test asks for another one. */
export const anInstant = '2026-11-29T12:00:00Z';

/** What single rules say about a server as it is: neither parsed nor defaulted. */
export function evaluateRules(rules: readonly Rule[], input: Omit<RuleInput, 'references'>): readonly Finding[] {
  const references = referencesOf(input.server);
  return evaluate({ ...input, references }, { policy: atOwnSeverity(rules), now: anInstant });
}

/** The server as it is judged. Throws when the schema has something against it. */
export function prepared(server: MCPServer): PreparedServer {
  const subject = prepare(server);
  if (!subject.parsed) throw new Error(JSON.stringify(subject.findings));
  return subject;
}
