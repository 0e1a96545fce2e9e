import { describe, expect, it } from '@jest/globals';
import { anInstant } from '../testing/evaluate-rules.ts';
import { anInstallation } from '../testing/an-installation.ts';
import { anMCPServer } from '../testing/builders.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { judge, judgedObject, prepare } from './judge.ts';
import type { JudgeContext } from './judge.ts';
import { atOwnSeverity } from './policy.ts';
import type { Rule, RuleInput } from './rule.ts';

const inputs: RuleInput[] = [];

const complains: Rule = {
  ...{ id: 'complains', severity: 'deny', summary: 'S.', rationale: 'R.', remedy: 'Do it.' },
  examples: { accepts: [], rejects: [] },
  check: (input) => {
    inputs.push(input);
    return [{ path: ['spec'], headline: 'h', detail: 'd' }];
  },
};
const isContent: Rule = { ...complains, id: 'is-content', check: () => [] };
const fails: Rule = {
  ...complains,
  id: 'fails',
  check: () => {
    throw new Error('was asked');
  },
};

const facts = inMemoryFacts();
const by = (...rules: readonly Rule[]): JudgeContext => ({ policy: atOwnSeverity(rules), facts, now: anInstant });

describe('a verdict', () => {
  it('on what is no MCPServer is what the schema says, and no rule is asked', () => {
    const raw = { kind: 'MCPServer', spec: { config: { port: 'http' } } };
    const verdict = judge(prepare(raw), by(fails));
    expect(verdict.parsed).toBe(false);
    expect(verdict.findings).not.toEqual([]);
    for (const finding of verdict.findings) expect(finding).toMatchObject({ ruleId: 'schema', severity: 'deny' });
    expect(judgedObject(verdict)).toBe(raw);
  });

  it('is about what would run: the server with every default, and all that it references', () => {
    const raw = anMCPServer();
    const installation = anInstallation({ namespace: 'system' });
    const verdict = judge(prepare(raw), { ...by(complains), installation });
    expect(verdict.findings).toHaveLength(1);
    expect(raw.spec.runtime?.security).toBeUndefined();
    const input = inputs.at(-1);
    expect(input?.server.spec.runtime?.security?.securityContext?.allowPrivilegeEscalation).toBe(false);
    expect(input).toMatchObject({ references: [], installation });
    expect(judgedObject(verdict)).toBe(input?.server);
  });

  it('has the severity that the policy gives at that time', () => {
    const untilNewYear: JudgeContext['policy'] = {
      ...atOwnSeverity([complains]),
      exemptionOf: (_rule, { name }, { now }) => ({
        state: now < '2027-01-01T00:00:00Z' ? 'excused' : 'ended',
        because: name,
      }),
    };
    const foundAt = (now: string) => judge(prepare(anMCPServer()), { facts, policy: untilNewYear, now }).findings;
    expect(foundAt('2026-12-31T23:59:59Z')).toMatchObject([
      { severity: 'audit', because: 'search', exemption: 'excused' },
    ]);
    expect(foundAt('2027-01-01T00:00:00Z')).toMatchObject([
      { severity: 'deny', because: 'search', exemption: 'ended' },
    ]);
  });

  it('asks for neither time nor exemptions when nothing is found', () => {
    const context: JudgeContext = {
      facts,
      policy: {
        ...atOwnSeverity([isContent]),
        exemptionOf: () => {
          throw new Error('asked for exemptions');
        },
      },
      get now(): string {
        throw new Error('asked for the time');
      },
    };
    expect(judge(prepare(anMCPServer()), context).findings).toEqual([]);
  });
});
