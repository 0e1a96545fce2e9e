import type { Finding } from '../engine/finding.ts';
import type { Example, Rule } from '../engine/rule.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { anMCPServer, withName, withRawSpec } from './builders.ts';
import { evaluateRules } from './evaluate-rules.ts';
import { inMemoryFacts } from './in-memory-facts.ts';

/** What a rule finds in one of its examples, where no policy says otherwise. `complete`: applies the defaults. */
export function judgeExample(
  rule: Rule,
  example: Example,
  complete: (server: MCPServer) => MCPServer,
): readonly Finding[] {
  const { name, spec = {}, installation, parameters } = example;
  const server = anMCPServer(...(name === undefined ? [] : [withName(name)]), withRawSpec(spec));
  const input = { server: complete(server), facts: inMemoryFacts(example), installation };
  return evaluateRules([rule], input, parameters);
}
