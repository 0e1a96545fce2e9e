import { describe, expect, it } from '@jest/globals';
import type { ApiState } from '../engine/installation.ts';
import { judge } from '../engine/judge.ts';
import { atOwnSeverity } from '../engine/policy.ts';
import { builtInPolicy } from '../rules/built-in-policy.ts';
import { anMCPServer, withGeneration, withRawSpec, withSpec, withStatus, withUid } from '../testing/builders.ts';
import type { Option } from '../testing/builders.ts';
import { anInstant, prepared } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import type { InMemoryObjects } from '../testing/in-memory-facts.ts';
import type { Decision } from './decide.ts';
import { decide } from './decide.ts';
import type { ObservedChild } from './observed.ts';
import { aChild } from './testing/a-child.ts';

const fromConfigMap = withSpec({ config: { envFrom: [{ configMapRef: { name: 'settings' } }] } });
const fromOptionalSecret = withSpec({ config: { envFrom: [{ secretRef: { name: 'token', optional: true } }] } });
const asRoot = withSpec({ runtime: { security: { securityContext: { runAsUser: 0 } } } });
const besideConfiguration = withSpec({
  source: { containerImage: { imagePullSecrets: [{ name: 'registry' }] } },
  runtime: { security: { serviceAccountName: 'search' } },
});

function fromKey(optional = false): Option {
  const configMapKeyRef = { name: 'settings', key: 'region', optional };
  return withSpec({ config: { env: [{ name: 'REGION', valueFrom: { configMapKeyRef } }] } });
}
const withCaBundle = withSpec({ transport: { tls: { enabled: true, caBundleSecret: { name: 'ca' } } } });

const policy = { policy: builtInPolicy, policyVersion: { revision: 1 }, now: anInstant };

function decideOn(objects: InMemoryObjects, ...options: readonly Option[]): Decision {
  const server = anMCPServer(withUid('u-1'), ...options);
  return decide({
    subject: prepared(server),
    facts: inMemoryFacts(objects),
    observed: [],
    ...policy,
    digest: (text) => String(text.length),
  });
}

describe('an optional kind', () => {
  const asking = withSpec({ extensions: { metrics: { port: 'mcp' } } });
  const existing = {
    ...aChild({ uid: 'u-1' }),
    ...{ apiVersion: 'monitoring.coreos.com/v1', kind: 'PodMonitor', appliedHash: 'x' },
  };
  const planned = (state: ApiState | undefined, ...options: readonly Option[]): readonly string[] => {
    const decision = decide({
      subject: prepared(anMCPServer(withUid('u-1'), ...options)),
      facts: inMemoryFacts({}),
      observed: options.length === 0 ? [existing] : [],
      apis: new Map(state === undefined ? [] : [['PodMonitor', state]]),
      ...policy,
      digest: (text) => String(text.length),
    });
    if (decision.verdict !== 'accepted') throw new Error(decision.verdict);
    return decision.actions.filter(({ of }) => of.kind === 'PodMonitor').map(({ type }) => type);
  };

  it('is planned where it is served, and pruned where no server asks for it any more', () => {
    expect(planned('served', asking)).toEqual(['apply']);
    expect(planned('served')).toEqual(['delete']);
  });

  it.each([undefined, 'unknown', 'absent', 'off'] as const)('is neither made nor pruned while it is %s', (state) => {
    expect(planned(state, asking)).toEqual([]);
    expect(planned(state)).toEqual([]);
  });
});

describe('the NetworkPolicy of a server that lets in its gateway', () => {
  const routed = { gateway: { provider: 'httproute', configRef: 'edge' } };
  const closed = withRawSpec({ ...routed, extensions: { network: { posture: 'Restricted' } } });
  const registered = {
    ...{ type: 'GatewayRegistered', status: 'True' as const, reason: 'x', message: '' },
    lastTransitionTime: anInstant,
  };
  const registration = { answer: { state: 'yes' }, gatewayNamespace: 'gateways' } as const;
  const route = (changes: Partial<ObservedChild> = {}): ObservedChild => ({
    ...{ ...aChild({ uid: 'u-1' }), apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' },
    ...{ name: 'search-gateway-binding', ownedFields: '{"f:spec":{"f:parentRefs":{}}}', registration, ...changes },
  });
  const standing = {
    ...{ ...aChild({ uid: 'u-1' }), apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', appliedHash: 'x' },
  };
  // The ConfigMap is gone.
  const applied = (observed: readonly ObservedChild[], state: ApiState = 'served'): readonly string[] => {
    const decision = decide({
      subject: prepared(anMCPServer(withUid('u-1'), closed, withStatus({ conditions: [registered] }))),
      ...{ facts: inMemoryFacts({}), observed, apis: new Map([['HTTPRoute', state]]) },
      ...policy,
      digest: (text) => String(text.length),
    });
    if (decision.verdict !== 'accepted') throw new Error(decision.verdict);
    const actions = decision.actions.filter(({ of }) => of.kind === 'NetworkPolicy');
    return actions.map((action) => JSON.stringify(action.type === 'apply' ? action.object['spec'] : action));
  };

  it('goes on doing so while the route stands, and no longer', () => {
    expect(applied([standing, route()])).toEqual([expect.stringContaining('"kubernetes.io/metadata.name":"gateways"')]);
    expect(applied([standing])).toEqual([expect.not.stringContaining('gateways')]);
  });

  it('believes no route of somebody else, and no Gateway that somebody wrote into ours', () => {
    const controller = { ...aChild({ uid: 'u-2' }).controller, apiVersion: 'v1', kind: 'X', name: 'x', uid: 'u-2' };
    for (const other of [route({ controller }), route({ ownedFields: '{"f:spec":{}}' }), route({ name: 'other' })])
      expect(applied([standing, other])).toEqual([expect.not.stringContaining('gateways')]);
  });

  it('lets in no namespace that none can be, of a route that an earlier release made: the API server would refuse it', () => {
    const malformed = route({ registration: { ...registration, gatewayNamespace: 'Not_One' } });
    expect(applied([standing, malformed])).toEqual([expect.not.stringContaining('Not_One')]);
  });

  it('stays where nobody can look, and is made where there is none: without it everybody gets in', () => {
    expect(applied([standing], 'unknown')).toEqual([]);
    expect(applied([], 'unknown')).toEqual([expect.stringContaining('podSelector')]);
  });
});

describe('an Ingress that the policy does not allow', () => {
  const host = 'mcp.example.com';
  const annotations = { 'nginx.ingress.kubernetes.io/configuration-snippet': 'deny all;' };
  const decided = (ingress: object, observed: readonly ObservedChild[], revision: number): Decision => {
    const asking = withRawSpec({ extensions: { ingress } });
    const noted = withStatus({ extensions: { policy: { revision, generation: 1 } } });
    return decide({
      subject: prepared(anMCPServer(withUid('u-1'), withGeneration(1), noted, asking)),
      ...{ facts: inMemoryFacts({}), observed, apis: new Map([['Ingress', 'served']]) },
      ...policy,
      digest: (text) => String(text.length),
    });
  };
  const planned = (ingress: object, observed: readonly ObservedChild[]): readonly string[] => {
    const decision = decided(ingress, observed, 11);
    if (decision.verdict !== 'accepted') throw new Error(decision.verdict);
    return decision.actions.filter(({ of }) => of.kind === 'Ingress').map(({ type }) => type);
  };
  const standing = { ...aChild({ uid: 'u-1' }), apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', appliedHash: 'x' };

  it('is neither made nor changed, although the server is tolerated', () => {
    expect(planned({ host }, [])).toEqual(['apply']);
    expect(planned({ host }, [standing])).toEqual(['apply']);
    expect(planned({ host, annotations }, [])).toEqual([]);
    expect(planned({ host, annotations }, [standing])).toEqual([]);
  });

  // The new CRD stored it, the old webhook did not judge it, the old reconciler noted the generation.
  it('is refused when an upgrade found it stored by a release that knew none', () => {
    expect(decided({ host, annotations }, [aChild({ uid: 'u-1' })], 10).verdict).toBe('invalid');
    expect(decided({ host }, [aChild({ uid: 'u-1' })], 10).verdict).toBe('accepted');
  });
});

describe('an optional kind that is not there, under a policy that denies what has no effect', () => {
  const asking = withSpec({ extensions: { metrics: { port: 'mcp' } } });
  const strict = atOwnSeverity(
    builtInPolicy.rules.map((rule) => (rule.id === 'feature-available' ? { ...rule, severity: 'deny' } : rule)),
  );
  const installation = {
    ...{ namespace: 'mcp-lifecycle', image: 'x', clusterDomain: 'cluster.local' },
    ...{ serviceAccounts: [], secrets: [], podLabels: {} },
  };

  it.each<[ApiState, Decision['verdict']]>([
    ['off', 'invalid'],
    ['absent', 'invalid'],
    ['unknown', 'accepted'],
    ['served', 'accepted'],
  ])('is judged here as at admission: %s', (state, verdict) => {
    const subject = prepared(anMCPServer(withUid('u-1'), asking));
    const apis = new Map([['PodMonitor', state]]);
    const context = { facts: inMemoryFacts(), now: anInstant, policy: strict };
    const { findings } = judge(subject, { ...context, installation: { ...installation, apis } });
    expect(findings.some(({ severity }) => severity === 'deny')).toBe(verdict === 'invalid');
    const round = { ...context, installation, apis, policyVersion: { revision: 1 }, observed: [], digest: () => 'd' };
    expect(decide({ ...round, subject }).verdict).toBe(verdict);
  });
});

describe('what an invalid server comes from', () => {
  const digest = (text: string): string => text;
  const causeOf = (...options: readonly Option[]): string | undefined => {
    const subject = prepared(anMCPServer(withUid('u-1'), ...options));
    const decision = decide({ subject, facts: inMemoryFacts(), observed: [], ...policy, digest });
    return decision.verdict === 'invalid' ? decision.cause : undefined;
  };

  it('is the same for the same, and another for another rule, place or value', () => {
    const asGroup = withSpec({ runtime: { security: { securityContext: { runAsUser: 0, runAsGroup: 1 } } } });
    const causes = [asRoot, fromConfigMap, fromKey(), withCaBundle].map((option) => causeOf(option));
    expect(new Set(causes).size).toBe(4);
    expect(causes).not.toContain(undefined);
    expect(causeOf(asRoot, asGroup)).toBe(causeOf(asRoot));
  });
});

describe('decide', () => {
  it.each<[string, InMemoryObjects, readonly Option[], Decision['verdict']]>([
    ['a server that references nothing', {}, [], 'accepted'],
    ['a ConfigMap that exists', { configMaps: { settings: [] } }, [fromConfigMap], 'accepted'],
    ['a ConfigMap that is missing', {}, [fromConfigMap], 'invalid'],
    [
      'a ConfigMap that nobody could look up',
      { unknown: { 'ConfigMap/settings': 'timed out' } },
      [fromConfigMap],
      'retry',
    ],
    ['an optional Secret that is missing', {}, [fromOptionalSecret], 'accepted'],
    ['a key that is missing', { configMaps: { settings: ['zone'] } }, [fromKey()], 'invalid'],
    ['a key that exists', { configMaps: { settings: ['region'] } }, [fromKey()], 'accepted'],
    ['a key that is missing and optional', { configMaps: { settings: [] } }, [fromKey(true)], 'accepted'],
    ['a ServiceAccount and a pull secret that are missing, which only warns', {}, [besideConfiguration], 'accepted'],
    [
      'a ServiceAccount and a pull secret that nobody looked up',
      { unknown: { 'ServiceAccount/search': 'not looked up', 'Secret/registry': 'not looked up' } },
      [besideConfiguration],
      'accepted',
    ],
    [
      'an optional Secret that nobody could look up',
      { unknown: { 'Secret/token': 'forbidden' } },
      [fromOptionalSecret],
      'retry',
    ],
    ['a CA bundle with its key', { secrets: { ca: ['ca.crt'] } }, [withCaBundle], 'accepted'],
    ['a CA bundle without its key', { secrets: { ca: ['tls.crt'] } }, [withCaBundle], 'invalid'],
    ['a CA bundle that is missing', {}, [withCaBundle], 'invalid'],
    ['a container that would run as root', {}, [asRoot], 'invalid'],
    ['root and an unknown ConfigMap', { unknown: { 'ConfigMap/settings': 'x' } }, [asRoot, fromConfigMap], 'invalid'],
    ['a gateway, which only warns', {}, [withSpec({ gateway: { provider: 'httproute' } })], 'accepted'],
  ])('%s', (_, objects, options, verdict) => {
    expect(decideOn(objects, ...options).verdict).toBe(verdict);
  });

  it('applies the children of the defaulted server with its configuration hash', () => {
    const server = anMCPServer(withUid('u-1'));
    const decision = decide({
      subject: prepared(server),
      facts: inMemoryFacts(),
      configHash: 'abc',
      observed: [],
      ...policy,
      digest: () => 'd',
    });
    expect(decision).toMatchObject({
      verdict: 'accepted',
      actions: [{ type: 'apply' }, { type: 'apply' }, { type: 'apply' }],
    });
    expect(JSON.stringify(decision)).toContain('"mcp.x-k8s.io/config-hash":"abc"');
    expect(JSON.stringify(decision)).toContain('"allowPrivilegeEscalation":false');
  });

  it('rolls out what it tolerates, and remembers it', () => {
    const server = anMCPServer(withUid('u-1'), withGeneration(4), asRoot);
    const observed = [aChild({ uid: 'u-1' })];
    const decision = decide({
      subject: prepared(server),
      facts: inMemoryFacts(),
      observed,
      ...policy,
      digest: () => 'd',
    });
    expect(decision).toMatchObject({
      verdict: 'accepted',
      policy: { revision: 1, generation: 4, tolerated: [{ rule: 'run-as-non-root' }] },
    });
    expect(JSON.stringify(decision)).toContain('"runAsUser":0');
  });

  it('says of an invalid server that runs already what happens to it', () => {
    const server = anMCPServer(withUid('u-1'), fromConfigMap);
    const observed = [aChild({ uid: 'u-1' })];
    expect(
      decide({ subject: prepared(server), facts: inMemoryFacts(), observed, ...policy, digest: () => 'd' }),
    ).toMatchObject({
      verdict: 'invalid',
      message: expect.stringMatching(
        /\[config-map-exists\]; nothing is rolled out until then, what runs stays as it is$/,
      ),
    });
  });

  it('says everything that is wrong, in the words of admission', () => {
    expect(decideOn({}, asRoot, fromConfigMap)).toMatchObject({
      message:
        'spec.runtime.security.securityContext.runAsUser: container would run as root: found runAsUser: 0. ' +
        'Set runAsUser to an id above 0, or remove it. [run-as-non-root]; ' +
        "spec.config.envFrom[0].configMapRef.name: ConfigMap 'settings' not found in namespace 'mcp': " +
        'the server stays Accepted=False until it exists. ' +
        'Create it, correct the name, or mark the reference as optional. [config-map-exists]',
    });
  });
});
