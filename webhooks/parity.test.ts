import { describe, expect, it } from '@jest/globals';
import type { Answer } from './admission/admission-review.ts';
import { createValidate } from './admission/validate.ts';
import type { ReferenceFacts } from './core/engine/facts.ts';
import { renderDenial, renderWarnings } from './core/engine/render.ts';
import type { Example, Rule } from './core/engine/rule.ts';
import type { MCPServer } from './core/mcpserver/types.gen.ts';
import { decide } from './core/plan/decide.ts';
import { rules } from './core/rules/index.gen.ts';
import { anMCPServer, withName, withRawSpec, withUid } from './core/testing/builders.ts';
import { inMemoryFacts } from './core/testing/in-memory-facts.ts';

/** One engine, one verdict: every example of every rule, through the door and through the control loop. */
const samples = rules.flatMap((rule: Rule) =>
  [...rule.examples.accepts, ...rule.examples.rejects].map(
    (example) => [`${rule.id}: ${example.title}`, example] as const,
  ),
);

function toInput(example: Example): { readonly server: MCPServer; readonly facts: ReferenceFacts } {
  const named = example.name === undefined ? [] : [withName(example.name)];
  return {
    server: anMCPServer(withUid('5b1c'), ...named, withRawSpec(example.spec ?? {})),
    facts: inMemoryFacts(example),
  };
}

/** As the API server asks, with the object as its author wrote it: mutation was skipped. */
function askWebhook(server: MCPServer, facts: ReferenceFacts): Promise<Answer> {
  const validate = createValidate({ rules, gatherFacts: () => Promise.resolve(facts), onSkipped: () => undefined });
  const request = {
    uid: 'c2d1a7e0-0000-4000-8000-000000000000',
    kind: { group: 'mcp.x-k8s.io', version: 'v1beta1', kind: 'MCPServer' },
    subResource: '',
    operation: 'CREATE' as const,
    name: server.metadata.name,
    namespace: 'mcp',
    dryRun: false,
    userName: 'jane',
    object: server,
    oldObject: undefined,
  };
  return Promise.resolve(validate(request, { remainingMs: () => 1000, signal: () => new AbortController().signal }));
}

describe('the webhook and the reconciler say the same about', () => {
  it.each(samples)('%s', async (_, example) => {
    const { server, facts } = toInput(example);
    const answer = await askWebhook(server, facts);
    const { findings } = { findings: [], ...decide({ server, facts, observed: [], digest: (text) => text }) };
    const denials = findings.filter(({ severity }) => severity === 'deny');

    expect(answer.decision).toBe(denials.length === 0 ? 'allowed' : 'denied');
    expect('causes' in answer ? answer.causes : []).toEqual(denials.length === 0 ? [] : renderDenial(denials).causes);
    expect(answer.warnings).toEqual(renderWarnings(findings.filter(({ severity }) => severity === 'warn')));
  });

  it('a server that the webhook denies: the reconciler does nothing about its children', () => {
    const server = anMCPServer(withRawSpec({ runtime: { security: { securityContext: { runAsUser: 0 } } } }));
    expect(decide({ server, facts: inMemoryFacts(), observed: [], digest: (text) => text }).verdict).toBe('invalid');
  });
});
