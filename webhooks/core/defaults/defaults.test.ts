import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { compatibilityProfiles } from '../mcpserver/compatibility.ts';
import type { MCPServer, PodSecurityContext, SecurityContext } from '../mcpserver/types.gen.ts';
import type { Option } from '../testing/builders.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { generatedServers } from '../testing/generated-servers.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { rules } from '../rules/index.gen.ts';
import { applyDefaults, applyEach, applyStoredDefaults, defaultsOf } from './apply.ts';
import type { PatchOperation } from './json-patch.ts';
import { diff } from './json-patch.ts';
import { isRecord } from '../mcpserver/record.ts';

const withContainer = (securityContext: SecurityContext): Option =>
  withSpec({ runtime: { security: { securityContext } } });
const withPod = (podSecurityContext: PodSecurityContext): Option =>
  withSpec({ runtime: { security: { podSecurityContext } } });

const containerOf = (server: MCPServer): SecurityContext =>
  applyDefaults(server).spec.runtime?.security?.securityContext ?? {};

describe('applyDefaults', () => {
  it('gives a server that says nothing what the restricted Pod Security Standard asks for, a probe and resources', () => {
    expect(applyDefaults(anMCPServer()).spec.runtime).toEqual({
      security: {
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        podSecurityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      },
      health: {
        readinessProbe: {
          tcpSocket: { port: 'mcp' },
          periodSeconds: 10,
          timeoutSeconds: 1,
          successThreshold: 1,
          failureThreshold: 3,
        },
      },
      resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
    });
  });

  it.each<[string, SecurityContext, SecurityContext]>([
    ['its user', { runAsUser: 1000 }, { runAsUser: 1000 }],
    ['a writable root file system', { readOnlyRootFilesystem: false }, { readOnlyRootFilesystem: false }],
    ['escalation', { allowPrivilegeEscalation: true }, { allowPrivilegeEscalation: true }],
    ['root', { runAsNonRoot: false }, { runAsNonRoot: false }],
    ['a seccomp profile', { seccompProfile: { type: 'Unconfined' } }, { seccompProfile: { type: 'Unconfined' } }],
    ['dropped capabilities', { capabilities: { drop: [] } }, { capabilities: { drop: [] } }],
    ['an added one', { capabilities: { add: ['CHOWN'] } }, { capabilities: { add: ['CHOWN'], drop: ['ALL'] } }],
  ])('keeps what the author says about the container: %s', (_, said, kept) => {
    expect(containerOf(anMCPServer(withContainer(said)))).toMatchObject({ ...kept });
  });

  it.each<[string, SecurityContext]>([
    ['a privileged container', { privileged: true }],
    ['a container with CAP_SYS_ADMIN', { capabilities: { add: ['CAP_SYS_ADMIN'] } }],
  ])('does not forbid escalation to %s, which Kubernetes would refuse', (_, said) => {
    expect(containerOf(anMCPServer(withContainer(said)))).not.toHaveProperty('allowPrivilegeEscalation');
  });

  it.each<[string, PodSecurityContext, keyof SecurityContext]>([
    ['a seccomp profile', { seccompProfile: { type: 'Localhost', localhostProfile: 'mine.json' } }, 'seccompProfile'],
    ['root', { runAsNonRoot: false }, 'runAsNonRoot'],
  ])('does not hide what the author says about the pod behind a default of the container: %s', (_, said, field) => {
    const server = anMCPServer(withPod(said));
    expect(containerOf(server)).not.toHaveProperty(field);
    expect(applyDefaults(server).spec.runtime?.security?.podSecurityContext).toMatchObject({ ...said });
  });

  it('keeps a probe and merges nothing into partial resources', () => {
    const readinessProbe = { httpGet: { path: '/healthz', port: 8080 } };
    const { runtime } = applyDefaults(
      anMCPServer(withSpec({ runtime: { health: { readinessProbe }, resources: { limits: { memory: '1Gi' } } } })),
    ).spec;
    expect(runtime?.health).toEqual({ readinessProbe });
    expect(runtime?.resources).toEqual({ limits: { memory: '1Gi' } });
  });

  it('adds the readiness probe beside a liveness probe', () => {
    const livenessProbe = { tcpSocket: { port: 'mcp' } };
    const { health } =
      applyDefaults(anMCPServer(withSpec({ runtime: { health: { livenessProbe } } }))).spec.runtime ?? {};
    expect(health).toMatchObject({ livenessProbe, readinessProbe: { tcpSocket: { port: 'mcp' } } });
  });

  it('gives back the same object when nothing is missing, and the same untouched parts otherwise', () => {
    const server = anMCPServer();
    const defaulted = applyDefaults(server);
    expect(applyDefaults(defaulted)).toBe(defaulted);
    expect(defaulted.spec.config).toBe(server.spec.config);
  });

  it('gives under compatibility.profile reference a security context only as a whole, the probe by number, and nothing to pods', () => {
    const runtimeOf = (...options: Option[]) => applyDefaults(anMCPServer(...options), 'reference').spec.runtime;
    expect(runtimeOf()).toEqual({
      security: {
        securityContext: {
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true },
          ...{ capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } },
        },
      },
      health: { readinessProbe: expect.objectContaining({ tcpSocket: { port: 8080 } }) },
    });
    expect(runtimeOf(withContainer({ runAsUser: 7 }))?.security).toEqual({ securityContext: { runAsUser: 7 } });
    expect(runtimeOf(withContainer({}))?.security).toEqual({ securityContext: {} });
  });

  it('leaves nothing that a denying rule refuses', () => {
    const always = rules.filter(({ isOptIn }) => isOptIn !== true);
    const findings = evaluateRules(always, { server: applyDefaults(anMCPServer()), facts: inMemoryFacts() });
    expect(findings.filter(({ severity }) => severity === 'deny')).toEqual([]);
  });
});

type Json = Readonly<Record<string, unknown>>;

/** Only what {@link diff} makes: add and replace of object members. */
function patched(value: unknown, { path, value: wanted }: PatchOperation): unknown {
  const keys = path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const set = (node: Json, [key, ...rest]: readonly string[]): Json => {
    if (key === undefined) throw new Error('a patch replaces no whole object here');
    return { ...node, [key]: rest.length === 0 ? wanted : set(node[key] as Json, rest) };
  };
  return set(value as Json, keys);
}

describe('properties', () => {
  it.each(compatibilityProfiles)('defaulting twice equals once, in the profile %s', (profile) => {
    fc.assert(
      fc.property(generatedServers, (server) => {
        const once = applyDefaults(server, profile);
        expect(applyDefaults(once, profile)).toBe(once);
      }),
    );
  });

  it.each(compatibilityProfiles)('the order of the defaults does not matter, in the profile %s', (profile) => {
    const defaults = defaultsOf[profile];
    fc.assert(
      fc.property(
        generatedServers,
        fc.shuffledSubarray([...defaults], { minLength: defaults.length }),
        (server, shuffled) => {
          expect(applyEach(server, shuffled)).toEqual(applyDefaults(server, profile));
        },
      ),
    );
  });

  it('the patch applied to the raw object gives the defaulted object', () => {
    fc.assert(
      fc.property(generatedServers, (server) => {
        const defaulted = applyDefaults(server);
        expect(diff(server, defaulted).reduce<unknown>(patched, server)).toEqual(defaulted);
        expect(diff(defaulted, defaulted)).toEqual([]);
      }),
    );
  });

  it('nothing that was said changes, whether we know the field or not', () => {
    fc.assert(
      fc.property(generatedServers, (server) => {
        expect(applyDefaults(server)).toMatchObject({ ...server });
      }),
    );
  });
});

/** What `kubectl apply` makes of an object: what its author wrote over what was stored; lists are one value. */
function laidOver(stored: unknown, written: unknown): unknown {
  if (!isRecord(stored) || !isRecord(written)) return written;
  const both = Object.entries(written).map(([key, value]) => [key, laidOver(stored[key], value)]);
  return { ...stored, ...Object.fromEntries(both) };
}

/** What we stored with an object stays with it; what its author wrote goes when a later manifest leaves it out. */
function storedByUs(server: MCPServer): Json {
  const patch = diff(server, applyStoredDefaults(server));
  return patch.reduce<Json>((left, operation) => patched(withParents(left, operation.path), operation) as Json, {});
}

function withParents(value: Json, path: string): Json {
  const [key, ...rest] = path.split('/').slice(1, -1);
  if (key === undefined) return value;
  const below = isRecord(value[key]) ? value[key] : {};
  return { ...value, [key]: withParents(below, ['', ...rest, ''].join('/')) };
}

describe('what admission stores', () => {
  const apply = (written: MCPServer, left: Json): MCPServer => laidOver(left, written) as MCPServer;

  it.each<[string, SecurityContext, PodSecurityContext, SecurityContext, PodSecurityContext]>([
    [
      'the profile of the pod is another',
      {},
      {},
      {},
      { seccompProfile: { type: 'Localhost', localhostProfile: 'a.json' } },
    ],
    ['the pod may start as root', {}, {}, {}, { runAsNonRoot: false }],
    ['the container is privileged', {}, {}, { privileged: true }, {}],
    ['the container gets CAP_SYS_ADMIN', {}, {}, { capabilities: { add: ['CAP_SYS_ADMIN'] } }, {}],
  ])('says nothing that goes stale when later %s', (_, container, pod, laterContainer, laterPod) => {
    const of = (securityContext: SecurityContext, podSecurityContext: PodSecurityContext): MCPServer =>
      anMCPServer(withSpec({ runtime: { security: { securityContext, podSecurityContext } } }));
    const later = of(laterContainer, laterPod);
    expect(applyDefaults(apply(later, storedByUs(of(container, pod))))).toEqual(applyDefaults(later));
  });

  it('changes the meaning of no later apply', () => {
    fc.assert(
      fc.property(generatedServers, generatedServers, (before, later) => {
        const left = storedByUs(before);
        expect(applyDefaults(apply(later, left))).toEqual(applyDefaults(later));
      }),
    );
  });

  it('and what else is added later give the same as all at once', () => {
    fc.assert(
      fc.property(generatedServers, (server) => {
        expect(applyDefaults(applyStoredDefaults(server))).toEqual(applyDefaults(server));
      }),
    );
  });
});

describe('diff', () => {
  it.each<[string, unknown, unknown, readonly PatchOperation[]]>([
    ['nothing', { a: 1 }, { a: 1 }, []],
    ['a field with a slash', { a: {} }, { a: { 'b/c~d': 1 } }, [{ op: 'add', path: '/a/b~1c~0d', value: 1 }]],
    [
      'one change as one operation',
      { a: { b: 1 }, c: 2 },
      { a: { b: 3 }, c: 2 },
      [{ op: 'replace', path: '/a/b', value: 3 }],
    ],
    ['a missing parent as a whole', {}, { a: { b: 1 } }, [{ op: 'add', path: '/a', value: { b: 1 } }]],
    ['a list as one value', { a: [1] }, { a: [1, 2] }, [{ op: 'replace', path: '/a', value: [1, 2] }]],
    ['equal lists', { a: [{ b: 1 }] }, { a: [{ b: 1 }] }, []],
    ['no removal', { a: 1, later: 2 }, { a: 1 }, []],
  ])('writes %s', (_, raw, wanted, operations) => {
    expect(diff(raw, wanted)).toEqual(operations);
  });
});
