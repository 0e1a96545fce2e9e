import { describe, expect, it } from '@jest/globals';
import { applyDefaults } from '../defaults/apply.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import type { MCPServer, Security } from '../mcpserver/types.gen.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { rules as everyRule } from './index.gen.ts';

/** Those that judge without a policy. */
const rules = everyRule.filter(({ isOptIn }) => isOptIn !== true);

const findings = (server: MCPServer): readonly string[] =>
  evaluateRules(rules, { server, facts: inMemoryFacts() }).map(
    ({ ruleId, path }) => `${ruleId}: ${renderPath(path).replace('spec.runtime.security.', '')}`,
  );

describe('one mistake in a security context', () => {
  it.each<[string, Security, string]>([
    ['a privilege that leaves escalation open', { securityContext: { privileged: true } }, 'privileged'],
    [
      'a privilege that contradicts escalation',
      { securityContext: { privileged: true, allowPrivilegeEscalation: false } },
      'privileged',
    ],
    [
      'a capability that leaves escalation open',
      { securityContext: { capabilities: { add: ['CAP_SYS_ADMIN'] } } },
      'capabilities',
    ],
    ['root for the pod', { podSecurityContext: { runAsUser: 0 } }, 'run-as-non-root'],
    ['leave for the pod to be root', { podSecurityContext: { runAsNonRoot: false } }, 'run-as-non-root'],
    ['no seccomp for the pod', { podSecurityContext: { seccompProfile: { type: 'Unconfined' } } }, 'seccomp-profile'],
  ])('is said once: %s', (_, security, ruleId) => {
    const server = applyDefaults(anMCPServer(withSpec({ runtime: { security } })));
    expect(findings(server)).toEqual([expect.stringMatching(`^${ruleId}: `)]);
  });
});

it('judges what the defaults would have filled in, should they ever be left out', () => {
  expect(findings(anMCPServer())).toEqual([
    'seccomp-profile: podSecurityContext.seccompProfile',
    'allow-privilege-escalation: securityContext.allowPrivilegeEscalation',
    'capabilities: securityContext.capabilities.drop',
  ]);
});
