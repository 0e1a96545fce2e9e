import { describe, expect, it } from '@jest/globals';
import { judge } from '../engine/judge.ts';
import type { RuleParameters } from '../engine/parameters.ts';
import { fingerprint, ratchet, type PrintedFinding } from '../engine/ratchet.ts';
import type { Rule } from '../engine/rule.ts';
import type { KeyToPath, Network } from '../mcpserver/types.gen.ts';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import { anInstant, policyOf, prepared } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { atOwnSeverity } from '../engine/policy.ts';
import { configMapAllowed } from './config-map-allowed.ts';
import { networkEgressLimited } from './network-egress-limited.ts';
import { networkIngressLimited } from './network-ingress-limited.ts';
import { secretAllowed } from './secret-allowed.ts';

type Spec = Readonly<Record<string, unknown>>;

function printed(rule: Rule, spec: Spec, parameters: RuleParameters): readonly PrintedFinding[] {
  const subject = prepared(anMCPServer(withRawSpec(spec)));
  const policy = policyOf(atOwnSeverity([]), rule, { title: '', parameters });
  const { findings } = judge(subject, { policy, facts: inMemoryFacts(), now: anInstant });
  return fingerprint({ object: subject.server, findings }, (text) => text);
}

/** How many findings are enforced in `now`, and how many were there before. */
function enforcedIn(rule: Rule, before: Spec, now: Spec, parameters: RuleParameters): readonly [number, number] {
  const known = printed(rule, before, parameters);
  const { enforced } = ratchet(
    printed(rule, now, parameters),
    known.map((one) => one.fingerprint),
  );
  return [enforced.length, known.length];
}

const mount = (...keys: readonly string[]): Spec => {
  const items: readonly KeyToPath[] = keys.map((key) => ({ key, path: key }));
  const source = { type: 'Secret', secret: { secretName: 'db', ...(keys.length === 0 ? {} : { items }) } };
  return { config: { storage: [{ path: '/db', source }] } };
};
const files = (key: string): Spec => ({
  config: {
    storage: [{ path: '/db', source: { type: 'ConfigMap', configMap: { name: 'db', items: [{ key, path: 'x' }] } } }],
  },
});
const variable = (key: string): Spec => ({
  config: { env: [{ name: 'DB', valueFrom: { secretKeyRef: { name: 'db', key } } }] },
});
const network = (of: Network): Spec => ({ network: of });
const anywhere = { namespaceSelector: {} };
const dns = { matchLabels: { 'k8s-app': 'kube-dns' } };

const cases: readonly (readonly [what: string, rule: Rule, before: Spec, now: Spec])[] = [
  ['a mounted Secret gets another key', secretAllowed, mount('ro'), mount('rw')],
  ['a mounted Secret gets one more key', secretAllowed, mount('ro'), mount('ro', 'rw')],
  ['a mounted Secret gets all keys', secretAllowed, mount('ro'), mount()],
  ['a mounted ConfigMap gets another key', configMapAllowed, files('a'), files('b')],
  ['a variable gets another key', secretAllowed, variable('ro'), variable('rw')],
  [
    'everybody is reached at all ports instead of one',
    networkEgressLimited,
    network({ egressPorts: [{ port: 443 }] }),
    network({ egressPorts: [{ port: 1, endPort: 65_535 }] }),
  ],
  [
    'every namespace is reached at more ports',
    networkEgressLimited,
    network({ egressTo: [anywhere], egressPorts: [{ port: 443 }] }),
    network({ egressTo: [anywhere], egressPorts: [{ port: 443 }, { port: 22 }] }),
  ],
  [
    'every namespace is reached at all ports',
    networkEgressLimited,
    network({ egressTo: [anywhere], egressPorts: [{ port: 443 }] }),
    network({ egressTo: [anywhere] }),
  ],
  [
    'DNS may go to all pods of all namespaces instead of some',
    networkEgressLimited,
    network({ egressTo: [{ podSelector: {} }], dnsEgressPeer: { ...anywhere, podSelector: dns } }),
    network({ egressTo: [{ podSelector: {} }], dnsEgressPeer: anywhere }),
  ],
  [
    'DNS may go to addresses that were excepted',
    networkEgressLimited,
    network({
      egressTo: [{ podSelector: {} }],
      dnsEgressPeer: { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
    }),
    network({ egressTo: [{ podSelector: {} }], dnsEgressPeer: { ipBlock: { cidr: '10.0.0.0/8' } } }),
  ],
  [
    'all pods of all namespaces may call instead of some',
    networkIngressLimited,
    network({ ingressFrom: [{ ...anywhere, podSelector: dns }] }),
    network({ ingressFrom: [anywhere] }),
  ],
];

describe('what is tolerated because it was there', () => {
  it.each(cases)('is not tolerated any more when it grows: %s', (_, rule, before, now) => {
    expect(enforcedIn(rule, before, now, { allowed: [] })).toEqual([1, 1]);
  });

  it.each(cases)('stays tolerated while nothing of it changes, before %s', (_, rule, before) => {
    const changed = { ...before, runtime: { replicas: 2 } };
    expect(enforcedIn(rule, before, changed, { allowed: [] })).toEqual([0, 1]);
  });

  it('stays tolerated when keys change their order', () => {
    expect(enforcedIn(secretAllowed, mount('a', 'b'), mount('b', 'a'), { allowed: [] })).toEqual([0, 1]);
  });
});
