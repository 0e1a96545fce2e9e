import type { Severity } from '../core/engine/finding.ts';
import type { CheckReport, Located } from './report.ts';

/** What one rule does in one namespace. */
export interface TallyRow {
  readonly namespace: string;
  readonly rule: string;
  readonly action: Severity;
  /** How many MCPServers it finds something in. */
  readonly servers: number;
  /** Which entry of the policy makes it so; the first one that was met. */
  readonly because?: string;
}

export interface Tally {
  readonly servers: number;
  readonly refused: number;
  /** Neither refused nor without a warning. */
  readonly warned: number;
  /** By namespace, then what is most severe, then rule. */
  readonly rows: readonly TallyRow[];
}

const order = ['deny', 'warn', 'audit'] as const satisfies readonly Severity[];

/** How many servers each rule finds something in, namespace by namespace. */
export function tally({ servers, findings }: Pick<CheckReport, 'servers' | 'findings'>): Tally {
  const groups = new Map<string, Located[]>();
  for (const located of findings) {
    const { server, finding } = located;
    const key = JSON.stringify([server.namespace, order.indexOf(finding.severity), finding.ruleId]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [located]);
    else group.push(located);
  }
  const rows = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, group]) => toRow(group) ?? []);
  const refused = serversWith(findings, 'deny');
  const warned = [...serversWith(findings, 'warn')].filter((server) => !refused.has(server));
  return { servers, refused: refused.size, warned: warned.length, rows };
}

/** `3 MCPServers: 2 would be refused, 0 warned about`. */
export function renderTallied({ servers, refused, warned }: Tally): string {
  return `${servers} MCPServer${servers === 1 ? '' : 's'}: ${refused} would be refused, ${warned} warned about`;
}

function toRow(group: readonly Located[]): TallyRow | undefined {
  const [first] = group;
  if (first === undefined) return undefined;
  const { server, finding } = first;
  const because = group.find(({ finding: { because: entry } }) => entry !== undefined)?.finding.because;
  return {
    namespace: server.namespace,
    rule: finding.ruleId,
    action: finding.severity,
    servers: new Set(group.map((one) => one.server)).size,
    ...(because === undefined ? {} : { because }),
  };
}

function serversWith(findings: readonly Located[], severity: Severity): Set<Located['server']> {
  return new Set(findings.filter(({ finding }) => finding.severity === severity).map(({ server }) => server));
}
