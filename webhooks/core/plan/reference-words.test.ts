import { describe, expect, it } from '@jest/globals';
import { digest } from '../../platform/digest.ts';
import { createPolicyVersion } from '../engine/policy-version.ts';
import type { Policy } from '../engine/policy.ts';
import { policyApiVersion, policyKind } from '../policy/document.ts';
import { readPolicy } from '../policy/read-policy.ts';
import { rules } from '../rules/index.gen.ts';
import { anMCPServer, withRawSpec, withUid } from '../testing/builders.ts';
import { anInstant, prepared } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import type { InMemoryObjects } from '../testing/in-memory-facts.ts';
import { decide, type Decision } from './decide.ts';

type Spec = Parameters<typeof withRawSpec>[0];

function policyOf(profile: string): Policy {
  const read = readPolicy({ apiVersion: policyApiVersion, kind: policyKind, compatibility: { profile } }, rules);
  if (read.type === 'unusable') throw new Error(JSON.stringify(read.problems));
  return read.policy;
}

function decideOn(spec: Spec, objects: InMemoryObjects = {}, profile = 'reference'): Decision {
  const policy = policyOf(profile);
  const subject = prepared(anMCPServer(withUid('u'), withRawSpec(spec)), policy.compatibility);
  const policyVersion = createPolicyVersion(policy, digest)({ namespace: 'mcp', name: 'search' }, { now: anInstant });
  return decide({
    subject,
    facts: inMemoryFacts(objects),
    policy,
    policyVersion,
    now: anInstant,
    observed: [],
    digest,
  });
}

const mounts = (...storage: readonly object[]) => ({ config: { storage } });
const aMap = (name?: string) => ({ path: '/a', source: { type: 'ConfigMap', configMap: { name } } });
const tls = (more: object): Spec => ({ transport: { tls: { enabled: true, ...more } } });
const noName = mounts(
  { path: '/a', source: { type: 'EmptyDir', emptyDir: {} } },
  { path: '/b', source: { type: 'Secret', secret: {} } },
);

describe('under compatibility.profile reference, a server that is not accepted says what the reference operator says', () => {
  it.each<[string, Spec, InMemoryObjects, string]>([
    ['a mounted ConfigMap is missing', mounts(aMap('x')), {}, "ConfigMap 'x' not found in namespace 'mcp'"],
    [
      'variables come from a Secret that is missing',
      { config: { envFrom: [{ configMapRef: { name: 'there' } }, { secretRef: { name: 'x' } }] } },
      { configMaps: { there: [] } },
      "Secret 'x' (envFrom index 1) not found in namespace 'mcp'",
    ],
    [
      'a variable comes from a ConfigMap that is missing',
      { config: { env: [{ name: 'A' }, { name: 'V', valueFrom: { configMapKeyRef: { name: 'x', key: 'k' } } }] } },
      {},
      "ConfigMap 'x' referenced by env var 'V' (env index 1) not found in namespace 'mcp'",
    ],
    ['a mounted Secret has no name', noName, {}, 'Secret name must not be empty for storage mount at index 1'],
    [
      'the CA bundle has no certificates under its key',
      tls({ caBundleSecret: { name: 'ca' } }),
      { secrets: { ca: ['tls.crt'] } },
      `TLS CA bundle Secret 'ca' does not contain key "ca.crt"`,
    ],
    [
      'a CA bundle stands beside insecureSkipVerify',
      tls({ caBundleSecret: { name: 'ca' }, insecureSkipVerify: true }),
      { secrets: { ca: ['ca.crt'] } },
      'insecureSkipVerify and caBundleSecret are mutually exclusive',
    ],
    [
      'several things are wrong: it tells the first that it comes to, storage before variables',
      { config: { ...mounts(aMap('y')).config, envFrom: [{ secretRef: { name: 'x' } }] } },
      {},
      "ConfigMap 'y' not found in namespace 'mcp'",
    ],
  ])('where %s', (_, spec, objects, message) => {
    expect(decideOn(spec, objects)).toMatchObject({ verdict: 'invalid', message });
  });

  it('where it is not known how it puts that, in our own words', () => {
    const { message = '' } = { message: undefined, ...decideOn({ network: { ingressFrom: [{}] } }) };
    expect(message).toContain('the network peer selects nothing');
  });

  it('and is rolled out where the reference operator does not look: a key is missing, privileges are asked for', () => {
    const key = { config: { env: [{ name: 'V', valueFrom: { configMapKeyRef: { name: 'x', key: 'k' } } }] } };
    expect(decideOn(key, { configMaps: { x: [] } })).toMatchObject({ verdict: 'accepted' });
    const privileged = { runtime: { security: { securityContext: { privileged: true } } } };
    expect(decideOn(privileged)).toMatchObject({ verdict: 'accepted' });
    for (const spec of [key, privileged])
      expect(decideOn(spec, { configMaps: { x: [] } }, 'default')).toMatchObject({ verdict: 'invalid' });
  });
});

it('under the default profile the words are those of admission, which say the place and what to do', () => {
  expect(decideOn(mounts(aMap('x')), {}, 'default')).toMatchObject({
    verdict: 'invalid',
    message: expect.stringMatching(/^spec\.config\.storage\[0\]\.source\.configMap\.name: .*\[config-map-exists\]$/),
  });
});
