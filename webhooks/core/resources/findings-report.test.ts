import { describe, expect, it } from '@jest/globals';
import type { Finding } from '../engine/finding.ts';
import { anMCPServer, withUid } from '../testing/builders.ts';
import type { ExpandedVerdict } from './expanded-kind.ts';
import { maxResults } from './findings-report.ts';
import { policyReport } from './policy-report.ts';
import { report } from './report.ts';

const finding = (ruleId: string, more: Partial<Finding> = {}): Finding => ({
  ...{
    ruleId,
    severity: 'deny',
    path: ['spec', 'config'],
    headline: 'is wrong',
    detail: 'found 1',
    remedy: 'Mend it.',
  },
  ...more,
});
const reportOf = (findings: readonly Finding[], more: Partial<ExpandedVerdict> = {}) =>
  report.build({ server: anMCPServer(withUid('u-1')), verdict: { findings, rules: 50, apis: new Map(), ...more } })[0];

describe('the report of a server', () => {
  it('says of whom it is, and counts what was found by what becomes of it', () => {
    const found = reportOf([
      finding('a'),
      finding('a', { path: ['spec', 'source'] }),
      finding('b', { severity: 'warn' }),
      finding('c', { severity: 'audit' }),
      finding('d', { severity: 'warn', isUnchecked: true }),
    ]);
    expect(found).toMatchObject({
      ...{ apiVersion: 'openreports.io/v1alpha1', kind: 'Report', metadata: { name: 'mcp-lifecycle-search' } },
      scope: { kind: 'MCPServer', name: 'search', uid: 'u-1' },
      summary: { pass: 46, fail: 2, warn: 2, error: 1, skip: 0 },
    });
    expect(found?.['results']).toContainEqual({
      ...{
        source: 'mcp-lifecycle',
        policy: 'mcp-lifecycle',
        rule: 'a',
        severity: 'high',
        result: 'fail',
        scored: true,
      },
      message: 'is wrong: found 1. Mend it. [a]',
      properties: { action: 'deny', path: 'spec.config' },
    });
  });

  it('is there, without results, where nothing was found', () => {
    const found = reportOf([]);
    expect(found).toMatchObject({ summary: { pass: 50, fail: 0 } });
    expect(found).not.toHaveProperty('results');
  });

  it('is bounded, whatever was found, and counts all of it', () => {
    const long = 'x'.repeat(5_000);
    const many = Array.from({ length: 1_000 }, () => finding('a', { detail: long, path: ['spec', long] }));
    const found = reportOf(many);
    expect(found).toMatchObject({ summary: { fail: 1_000 } });
    expect(found?.['results']).toHaveLength(maxResults);
    expect(JSON.stringify(found).length).toBeLessThan(20_000);
  });

  it('is one only, in clusters that have both kinds', () => {
    const server = anMCPServer();
    const verdict = (state: 'served' | 'absent'): ExpandedVerdict => ({
      ...{ findings: [], rules: 1, apis: new Map([['Report', state]]) },
    });
    expect(policyReport.build({ server, verdict: verdict('served') })).toEqual([]);
    expect(policyReport.build({ server, verdict: verdict('absent') })).toMatchObject([
      { apiVersion: 'wgpolicyk8s.io/v1alpha2', kind: 'PolicyReport' },
    ]);
  });
});
