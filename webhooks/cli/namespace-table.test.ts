import { describe, expect, it } from '@jest/globals';
import { renderNamespaceTable, type NamespaceRow } from './namespace-table.ts';

const row = (namespace: string, servers: number, rules: NamespaceRow['rules'] = []): NamespaceRow => {
  return { namespace, servers, rules };
};

const found = (rule: string, action: NamespaceRow['rules'][number]['action'], servers: number) => {
  return { rule, action, servers };
};

describe('the table of namespaces and rules', () => {
  it('is of namespaces alone where nothing is found', () => {
    expect(renderNamespaceTable([row('tools', 3)])).toBe('NAMESPACE  SERVERS\ntools      3\n(all)      3\n');
  });

  it('begins with the rules that refuse most', () => {
    const rules = [found('b', 'warn', 9), found('c', 'deny', 1), found('a', 'deny', 2), found('c', 'audit', 3)];
    expect(renderNamespaceTable([row('tools', 9, rules)]).split('\n')).toEqual([
      'NAMESPACE  SERVERS  a       c                b',
      'tools      9        2 deny  1 deny, 3 audit  9 warn',
      '(all)      9        2 deny  1 deny, 3 audit  9 warn',
      '',
    ]);
  });

  it('is no wider than a terminal: further rules stand below, for the namespaces that have them', () => {
    const rules = Array.from({ length: 40 }, (_, index) => found(`rule-of-some-length-${index}`, 'deny', 40 - index));
    const text = renderNamespaceTable([row('calm', 1), row('tools', 40, rules)]);
    const lines = text.split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(120);
    for (const { rule, servers } of rules) {
      expect(text.match(new RegExp(`${rule}\\b`, 'g'))).toHaveLength(1);
      expect(text.match(new RegExp(`\\b${servers} deny`, 'g'))).toHaveLength(2);
    }
    expect(lines.filter((line) => line.startsWith('calm'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('(all)')).length).toBeGreaterThan(1);
  });

  it('shows one rule at least, however long names are, and nothing that a terminal obeys', () => {
    const text = renderNamespaceTable([row(`\u001B[2J${'n'.repeat(300)}`, 1, [found('r'.repeat(100), 'warn', 1)])]);
    expect(text).toContain('1 warn');
    expect(text).not.toContain('\u001B');
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThan(200);
  });
});
