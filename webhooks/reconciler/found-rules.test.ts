import { describe, expect, it } from '@jest/globals';
import type { Finding, Severity } from '../core/engine/finding.ts';
import { FoundRules } from './found-rules.ts';

const finding = (ruleId: string, severity: Severity): Finding => ({
  ...{ ruleId, severity, path: ['spec'], headline: 'x', detail: 'y', remedy: 'z.' },
});
const counted = (found: FoundRules): readonly string[] =>
  [...found.counts()].map(([{ rule, action }, servers]) => `${rule} ${action} ${servers}`).sort();

describe('what rules find in the servers', () => {
  it('is counted by server, not by finding', () => {
    const found = new FoundRules();
    found.put('a', [finding('one', 'deny'), finding('one', 'deny'), finding('two', 'audit')]);
    found.put('b', [finding('one', 'deny')]);
    found.put('c', []);
    expect(counted(found)).toEqual(['one deny 2', 'two audit 1']);
  });

  it('is what was found last, and nothing of a server that is gone', () => {
    const found = new FoundRules();
    found.put('a', [finding('one', 'deny')]);
    found.put('a', [finding('one', 'warn')]);
    found.put('b', [finding('one', 'warn')]);
    expect(counted(found)).toEqual(['one warn 2']);
    found.forget('b');
    found.put('a', []);
    expect(counted(found)).toEqual([]);
  });
});
