import { describe, expect, it } from '@jest/globals';
import { applyDefaults } from '../defaults/apply.ts';
import type { JudgedContainer } from '../engine/judged-container.ts';
import type { Rule } from '../engine/rule.ts';
import { inside, placeOf } from '../mcpserver/place.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { podContainers } from '../resources/pod/containers.ts';
import { aSecondContainer } from '../resources/pod/testing/a-second-container.ts';
import { anMCPServer, withRawSpec, withSpec } from '../testing/builders.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { appArmorProfile } from './app-armor-profile.ts';
import { appArmorValid } from './app-armor-valid.ts';
import { rules as everyRule } from './index.gen.ts';
import { seccompProfile } from './seccomp-profile.ts';

/** Those that judge without a policy; of the others some are about containers, see opt-in-containers.test.ts. */
const rules = everyRule.filter(({ isOptIn }) => isOptIn !== true);

/** Paths of what the rules find in a server whose pods have a second container. */
function pathsOf(judged: readonly Rule[], server: MCPServer, second: JudgedContainer): readonly string[] {
  const containers = [...podContainers, second];
  return evaluateRules(judged, { server, containers, facts: inMemoryFacts() }).map(({ path }) => renderPath(path));
}

/** What the rules about privileges and validity reject in a container, by their own samples. */
const samples = rules.flatMap((rule) =>
  rule.examples.rejects.flatMap(({ title, spec = {} }) => {
    const { runtime, extensions } = anMCPServer(withRawSpec(spec)).spec;
    const { security, health } = runtime ?? {};
    const { startupProbe } = extensions ?? {};
    const { podSecurityContext, securityContext } = security ?? {};
    const isSaid = [securityContext, health, startupProbe].some((part) => part !== undefined);
    const isOfContainer = podSecurityContext === undefined && isSaid;
    if (rule.isAboutPrivileges !== true || !isOfContainer) return [];
    return [{ rule, name: `${rule.id}: ${title}`, securityContext, health, startupProbe }];
  }),
);

const harmless = applyDefaults(anMCPServer());

describe('a second container of the pods', () => {
  it('is found fault with by no rule when it is as the restricted standard demands', () => {
    expect(pathsOf(rules, harmless, aSecondContainer())).toEqual(pathsOf(rules, harmless, noContainer));
  });

  it.each(samples)('is judged as the first one is, $name', ({ rule, securityContext = {}, health, startupProbe }) => {
    const probes = { ...(health && { health }), ...(startupProbe && { startupProbe }) };
    const found = pathsOf([rule], harmless, aSecondContainer({ securityContext, ...probes }));
    expect(found).not.toEqual([]);
    for (const path of found)
      expect(path).toMatch(/^spec\.extensions\.second\.(securityContext|health|startupProbe)\./);
  });

  it('is judged by every rule about privileges that a container can break', () => {
    const ofContainers = rules.filter(({ isAboutPrivileges, id }) => isAboutPrivileges === true && id !== 'sysctls');
    expect([...new Set(samples.map(({ rule }) => rule.id))]).toEqual(ofContainers.map(({ id }) => id));
  });

  it('is not judged where the pods of the server do not have it', () => {
    const absent = aSecondContainer({ securityContext: { privileged: true }, isOf: () => false });
    expect(pathsOf(rules, harmless, absent)).toEqual(pathsOf(rules, harmless, noContainer));
  });

  it('is reported at the field that brings it, where no author writes its security context', () => {
    const second = aSecondContainer({ securityContext: { privileged: true } });
    const place = { ...placeOf('spec', 'extensions', 'second'), isEnd: true } as const;
    const ours = {
      ...second,
      securityContext: { ...second.securityContext, place: inside(place, 'securityContext') },
    };
    expect(pathsOf(rules, harmless, ours)).toEqual(['spec.extensions.second']);
  });

  it('needs a seccomp profile of its own if the pod has none', () => {
    const securityContext = { seccompProfile: { type: 'RuntimeDefault' } };
    const server = anMCPServer(withSpec({ runtime: { security: { securityContext } } }));
    const path = 'spec.runtime.security.podSecurityContext.seccompProfile';
    expect(pathsOf([seccompProfile], server, aSecondContainer())).toEqual([path]);
    expect(pathsOf([seccompProfile], server, aSecondContainer({ securityContext }))).toEqual([]);
  });

  it('is known to the rules about old annotations', () => {
    const key = 'container.apparmor.security.beta.kubernetes.io/second';
    const server = anMCPServer(withSpec({ extraAnnotations: { [key]: 'unconfined' } }));
    const path = `spec.extraAnnotations[${key}]`;
    expect(pathsOf([appArmorProfile], server, aSecondContainer())).toEqual([path]);
    expect(pathsOf([appArmorValid], server, aSecondContainer())).toEqual([]);
    expect(pathsOf([appArmorValid], server, noContainer)).toEqual([path]);
  });
});

const noContainer: JudgedContainer = aSecondContainer({ isOf: () => false });
