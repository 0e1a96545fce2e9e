import type { Finding, Severity } from '../core/engine/finding.ts';

/** A rule, and what the policy makes of what it finds. */
export interface FoundRule {
  readonly rule: string;
  readonly action: Severity;
}

/** What rules find in the servers as they stand, for metrics: of each server the rules, not the findings. */
export class FoundRules {
  /** Servers in which the same is found share one list: there are few different ones. */
  readonly #shared = new Map<string, Shared>();
  readonly #byKey = new Map<string, Shared>();

  put(key: string, findings: readonly Finding[]): void {
    const found = listRules(findings);
    const id = JSON.stringify(found);
    const before = this.#byKey.get(key);
    if (before?.id === id) return;
    this.forget(key);
    if (found.length === 0) return;
    const shared = this.#shared.get(id) ?? { id, found, servers: 0 };
    shared.servers += 1;
    this.#shared.set(id, shared);
    this.#byKey.set(key, shared);
  }

  forget(key: string): void {
    const shared = this.#byKey.get(key);
    if (shared === undefined) return;
    this.#byKey.delete(key);
    shared.servers -= 1;
    if (shared.servers === 0) this.#shared.delete(shared.id);
  }

  /** In how many servers something is found, by rule and action. */
  counts(): Iterable<readonly [found: FoundRule, servers: number]> {
    const counts = new Map<string, [FoundRule, number]>();
    for (const { found, servers } of this.#shared.values()) {
      for (const one of found) {
        const id = `${one.rule} ${one.action}`;
        const count = counts.get(id) ?? [one, 0];
        count[1] += servers;
        counts.set(id, count);
      }
    }
    return counts.values();
  }
}

interface Shared {
  readonly id: string;
  readonly found: readonly FoundRule[];
  servers: number;
}

function listRules(findings: readonly Finding[]): readonly FoundRule[] {
  const found = new Map(
    findings.map(({ ruleId: rule, severity: action }) => [`${rule} ${action}`, { rule, action }] as const),
  );
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, rule]) => rule);
}
