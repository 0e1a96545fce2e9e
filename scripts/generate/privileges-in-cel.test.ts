import { Environment } from '@marcbachmann/cel-js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toCel } from '../../webhooks/cli/cel-value.ts';
import { applyDefaults, applyStoredDefaults } from '../../webhooks/core/defaults/apply.ts';
import type { Judged } from '../../webhooks/core/engine/ratchet.ts';
import { ratchetUpdate } from '../../webhooks/core/engine/ratchet-update.ts';
import type { Rule } from '../../webhooks/core/engine/rule.ts';
import { BRIDGE_CONTAINER_NAME, CONTAINER_NAME } from '../../webhooks/core/mcpserver/names.ts';
import { structure } from '../../webhooks/core/mcpserver/structure.gen.ts';
import type { MCPServer } from '../../webhooks/core/mcpserver/types.gen.ts';
import { appArmorAnnotationPrefix } from '../../webhooks/core/rules/app-armor-profile.ts';
import { rules } from '../../webhooks/core/rules/index.gen.ts';
import { anMCPServer, withRawSpec } from '../../webhooks/core/testing/builders.ts';
import { evaluateRules } from '../../webhooks/core/testing/evaluate-rules.ts';
import { inMemoryFacts } from '../../webhooks/core/testing/in-memory-facts.ts';
import { toChartRule } from './admission-policy.ts';
import { celVariables, privilegesInCel } from './privileges-in-cel.ts';

const chosen = rules.filter(({ isAboutPrivileges }) => isAboutPrivileges === true);

/** A library reads the expressions here, not that of API servers: e2e/cases/privileges-are-refused-without-a-webhook asks those. */
const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false })
  .registerVariable('object', 'dyn')
  .registerVariable('oldObject', 'dyn')
  .registerVariable('variables', 'dyn');

const variables = celVariables.map(({ name, expression }) => ({ name, read: environment.parse(expression) }));
const expressions = chosen.map((rule) => ({ rule, holds: environment.parse(toChartRule(rule).validation.expression) }));

/** The ids of the rules by which an API server would refuse it. */
function refusedInCel(server: MCPServer, before?: MCPServer): readonly string[] {
  const objects = { object: toCel(server, structure), oldObject: before ? toCel(before, structure) : null };
  const read: Record<string, unknown> = {};
  for (const one of variables) read[one.name] = one.read({ ...objects, variables: read });
  return expressions.flatMap(({ rule, holds }) => {
    const verdict: unknown = holds({ ...objects, variables: read });
    if (typeof verdict !== 'boolean') throw new Error(`${rule.id} has no verdict`);
    return verdict ? [] : [rule.id];
  });
}

/** The same of the rules, as the webhook asks them. */
function refusedByRules(server: MCPServer, before?: MCPServer): readonly string[] {
  const now = judged(server);
  const found = before ? ratchetUpdate(now, judged(before), (text) => text).enforced : now.findings;
  return chosen.map(({ id }) => id).filter((id) => found.some(({ ruleId }) => ruleId === id));
}

function judged(raw: MCPServer): Judged {
  const server = applyDefaults(raw);
  return { object: server, findings: evaluateRules(chosen, { server, facts: inMemoryFacts() }) };
}

const withSpecOf = (spec: Readonly<Record<string, unknown>> = {}): MCPServer => anMCPServer(withRawSpec(spec));

function samplesOf(
  verdict: 'accepts' | 'rejects',
): readonly (readonly [title: string, rule: Rule, server: MCPServer])[] {
  return chosen.flatMap((rule) =>
    rule.examples[verdict].map(({ title, spec }) => [`${rule.id}: ${title}`, rule, withSpecOf(spec)] as const),
  );
}

describe('the rules about privileges in CEL', () => {
  it('are all of them, and no other', () => {
    expect(Object.keys(privilegesInCel).sort()).toEqual(chosen.map(({ id }) => id).sort());
  });

  it.each(samplesOf('accepts'))('admit the sample of %s', (_title, _rule, server) => {
    expect(refusedInCel(server)).toEqual([]);
    expect(refusedInCel(applyStoredDefaults(server))).toEqual([]);
  });

  it.each(samplesOf('rejects'))('refuse the sample of %s', (_title, { id }, server) => {
    expect(refusedInCel(server)).toContain(id);
    expect(refusedInCel(applyStoredDefaults(server))).toContain(id);
    expect(refusedInCel(server, withSpecOf())).toContain(id);
  });

  it.each(samplesOf('rejects'))('let what was there before pass: %s', (_title, _rule, server) => {
    expect(refusedInCel(server, server)).toEqual([]);
  });

  it('refuse a new item beside one that was there before', () => {
    const adding = (...add: readonly string[]) =>
      withSpecOf({ runtime: { security: { securityContext: { capabilities: { add } } } } });
    expect(refusedInCel(adding('SYS_TIME', 'NET_ADMIN'), adding('NET_ADMIN'))).toEqual(['capabilities']);
    expect(refusedInCel(adding('NET_ADMIN'), adding('SYS_TIME', 'NET_ADMIN'))).toEqual([]);
  });

  it('say what the rules say, of new servers and of changed ones', () => {
    fc.assert(
      fc.property(aServer, fc.option(aServer, { nil: undefined }), (server, before) => {
        expect(refusedInCel(server, before)).toEqual(refusedByRules(server, before));
      }),
      { numRuns: 500 },
    );
  });
});

const some: { requiredKeys: [] } = { requiredKeys: [] };
const profile = fc.record({ type: fc.constantFrom('Unconfined', 'RuntimeDefault') });

/** What pods and containers can both say. */
const ofBoth = {
  appArmorProfile: profile,
  runAsNonRoot: fc.boolean(),
  runAsUser: fc.constantFrom(0, 1),
  seLinuxOptions: fc.record(
    {
      role: fc.constantFrom('', 'a', 'b'),
      type: fc.constantFrom('', 'container_t', 'spc_t', 'other_t'),
      user: fc.constantFrom('', 'a'),
    },
    some,
  ),
  seccompProfile: profile,
  windowsOptions: fc.record({ hostProcess: fc.boolean() }, some),
};

const podSecurityContext = fc.record(
  {
    ...ofBoth,
    sysctls: fc.uniqueArray(
      fc.record({ name: fc.constantFrom('kernel.msgmax', 'kernel.sem', 'net.ipv4.tcp_wmem'), value: fc.constant('1') }),
      { maxLength: 3, selector: ({ name }) => name },
    ),
  },
  some,
);

const securityContext = fc.record(
  {
    ...ofBoth,
    allowPrivilegeEscalation: fc.boolean(),
    capabilities: fc.record(
      {
        add: fc.uniqueArray(fc.constantFrom('NET_BIND_SERVICE', 'NET_ADMIN', 'CAP_SYS_ADMIN'), { maxLength: 3 }),
        drop: fc.uniqueArray(fc.constantFrom('ALL', 'NET_RAW'), { maxLength: 2 }),
      },
      some,
    ),
    privileged: fc.boolean(),
    procMount: fc.constantFrom('Default', 'Unmasked', ''),
  },
  some,
);

const probe = fc.record(
  {
    httpGet: fc.record({ port: fc.constant(80), host: fc.constantFrom('', 'a', 'b') }, { requiredKeys: ['port'] }),
    tcpSocket: fc.record({ port: fc.constant('mcp'), host: fc.constantFrom('', 'a') }, { requiredKeys: ['port'] }),
  },
  some,
);

const annotation = fc.constantFrom('runtime/default', 'unconfined');

const aServer = fc
  .record(
    {
      runtime: fc.record(
        {
          security: fc.record({ podSecurityContext, securityContext }, some),
          health: fc.record({ livenessProbe: probe, readinessProbe: probe }),
        },
        some,
      ),
      extensions: fc.record({ startupProbe: probe, stdio: fc.constant({ command: ['a'] }) }, some),
      extraAnnotations: fc.record(
        {
          [`${appArmorAnnotationPrefix}${CONTAINER_NAME}`]: annotation,
          [`${appArmorAnnotationPrefix}${BRIDGE_CONTAINER_NAME}`]: annotation,
        },
        some,
      ),
    },
    some,
  )
  .map(withSpecOf);
