import type { Violation } from '../mcpserver/violation.ts';
import type { Finding, Severity } from './finding.ts';

/** Id of findings of the API server itself: schema, CEL rules, metadata, unknown fields. */
export const schemaRuleId = 'schema';

/** What the API server says about an object, as a finding beside those of the rules. */
export function toSchemaFinding(violation: Violation, severity: Severity): Finding {
  return { remedy: 'Correct this field.', ...violation, ruleId: schemaRuleId, severity };
}
