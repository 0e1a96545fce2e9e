import type { Finding } from './finding.ts';

/** What the rule refuses; undefined: nothing. Also where it is tolerated: what must not come about for it does not then. */
export function denialBy(rule: string, findings: readonly Finding[] = []): Finding | undefined {
  return findings.find(({ ruleId, severity }) => ruleId === rule && severity === 'deny');
}
