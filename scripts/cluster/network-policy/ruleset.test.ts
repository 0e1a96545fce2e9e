import { describe, expect, it } from '@jest/globals';
import { buildRuleset, type NetworkPolicy, type Pod } from './ruleset.ts';

const client = aPod('client', '10.0.0.2', { app: 'client' });
const server = aPod('server', '10.0.0.3', { app: 'server' });
const other = aPod('other', '10.0.0.4', { app: 'other' }, 'elsewhere');
const namespaces = [
  { metadata: { name: 'mcp', labels: { 'kubernetes.io/metadata.name': 'mcp' } } },
  { metadata: { name: 'elsewhere', labels: { 'kubernetes.io/metadata.name': 'elsewhere', team: 'search' } } },
];

function aPod(name: string, podIP: string, labels: Record<string, string>, namespace = 'mcp'): Pod {
  return {
    metadata: { name, namespace, labels },
    spec: { containers: [{ ports: [{ name: 'mcp', containerPort: name === 'server' ? 8080 : 9090 }] }] },
    status: { phase: 'Running', podIP },
  };
}

function aPolicy(spec: NetworkPolicy['spec']): NetworkPolicy {
  return {
    metadata: { name: 'p', namespace: 'mcp' },
    spec: { podSelector: { matchLabels: { app: 'server' } }, ...spec },
  };
}

/** The lines of one chain, `undefined` if there is none. */
function chainOf(
  name: string,
  policies: readonly NetworkPolicy[],
  pods = [client, server, other],
): readonly string[] | undefined {
  const ruleset = buildRuleset({ pods, namespaces, policies });
  const [, body] = new RegExp(`chain ${name} \\{\\n([^}]*(?:\\{[^}]*\\}[^}]*)*)\\n  \\}`).exec(ruleset) ?? [];
  return body?.split('\n').map((line) => line.trim());
}

/** What is let through to or from the server, besides itself. */
function allowed(direction: 'ingress' | 'egress', policy: NetworkPolicy): readonly string[] {
  const lines = chainOf(`${direction}-10-0-0-3`, [policy]) ?? [];
  expect(lines.at(0)).toMatch(/^ip [sd]addr 10\.0\.0\.3 return$/);
  expect(lines.at(-1)).toBe('counter drop');
  return lines.slice(1, -1);
}

describe('what comes into a pod that a policy isolates', () => {
  it.each<[string, NonNullable<NetworkPolicy['spec']['ingress']>, readonly string[]]>([
    ['nothing where no rule is', [], []],
    ['everything where a rule says nothing', [{}], ['return']],
    ['one port of everybody', [{ ports: [{ port: 8080 }] }], ['tcp dport 8080 return']],
    ['a range of ports', [{ ports: [{ protocol: 'UDP', port: 53, endPort: 60 }] }], ['udp dport 53-60 return']],
    ['a protocol', [{ ports: [{ protocol: 'SCTP' }] }], ['meta l4proto sctp return']],
    ['a port by the name that the pod gives it', [{ ports: [{ port: 'mcp' }] }], ['tcp dport 8080 return']],
    ['no port of a name that the pod does not have', [{ ports: [{ port: 'web' }] }], []],
    [
      'pods of the same namespace',
      [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }] }],
      ['ip saddr { 10.0.0.2 } return'],
    ],
    [
      'all pods of other namespaces',
      [{ from: [{ namespaceSelector: { matchLabels: { team: 'search' } } }] }],
      ['ip saddr { 10.0.0.4 } return'],
    ],
    [
      'pods of other namespaces that both selectors select',
      [
        {
          from: [
            {
              namespaceSelector: {},
              podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['other'] }] },
            },
          ],
        },
      ],
      ['ip saddr { 10.0.0.4 } return'],
    ],
    [
      'addresses, with exceptions',
      [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '10.2.0.0/16'] } }] }],
      ['ip saddr 10.0.0.0/8 ip saddr != 10.1.0.0/16 ip saddr != 10.2.0.0/16 return'],
    ],
    ['nobody where peers select nothing', [{ from: [{ podSelector: { matchLabels: { app: 'none' } } }] }], []],
    [
      'each peer at each port',
      [{ from: [{ podSelector: {} }, { ipBlock: { cidr: '192.0.2.0/24' } }], ports: [{ port: 1 }, { port: 2 }] }],
      [
        'ip saddr 192.0.2.0/24 tcp dport 1 return',
        'ip saddr { 10.0.0.2, 10.0.0.3 } tcp dport 1 return',
        'ip saddr 192.0.2.0/24 tcp dport 2 return',
        'ip saddr { 10.0.0.2, 10.0.0.3 } tcp dport 2 return',
      ],
    ],
  ])('is %s', (_, ingress, lines) => {
    expect(allowed('ingress', aPolicy({ policyTypes: ['Ingress'], ingress }))).toEqual(lines);
  });
});

describe('what goes out of a pod that a policy isolates', () => {
  it.each<[string, NonNullable<NetworkPolicy['spec']['egress']>, readonly string[]]>([
    ['nothing where no rule is', [], []],
    ['DNS, to everybody', [{ ports: [{ protocol: 'UDP', port: 53 }] }], ['udp dport 53 return']],
    [
      'to the pods selected',
      [{ to: [{ podSelector: { matchLabels: { app: 'client' } } }] }],
      ['ip daddr { 10.0.0.2 } return'],
    ],
    [
      'a named port of each pod that has it, at its number',
      [{ to: [{ namespaceSelector: {} }], ports: [{ port: 'mcp' }] }],
      [
        'ip daddr 10.0.0.2 tcp dport 9090 return',
        'ip daddr 10.0.0.3 tcp dport 8080 return',
        'ip daddr 10.0.0.4 tcp dport 9090 return',
      ],
    ],
  ])('is %s', (_, egress, lines) => {
    expect(allowed('egress', aPolicy({ policyTypes: ['Egress'], egress }))).toEqual(lines);
  });
});

describe('the ruleset', () => {
  it('isolates only the pods that a policy selects, and only in the directions that it names', () => {
    const policies = [aPolicy({ policyTypes: ['Ingress'] })];
    expect(chainOf('forward', policies)?.slice(2)).toEqual(['ip daddr 10.0.0.3 jump ingress-10-0-0-3']);
    expect(chainOf('input', policies)?.slice(2)).toEqual([]);
    expect(chainOf('egress-10-0-0-3', policies)).toBeUndefined();
  });

  it('judges what leaves a pod for the node and for other pods', () => {
    const jump = 'ip saddr 10.0.0.3 jump egress-10-0-0-3';
    const policies = [aPolicy({ policyTypes: ['Egress'] })];
    expect(chainOf('forward', policies)).toContain(jump);
    expect(chainOf('input', policies)).toContain(jump);
  });

  it('lets through what any of several policies allows', () => {
    const policies = [
      aPolicy({ policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 1 }] }] }),
      aPolicy({ policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 2 }] }] }),
    ];
    expect(chainOf('ingress-10-0-0-3', policies)).toEqual(
      expect.arrayContaining(['tcp dport 1 return', 'tcp dport 2 return']),
    );
  });

  it.each<[string, Pod]>([
    ['has ended', { ...server, status: { ...server.status, phase: 'Succeeded' } }],
    ['has no address yet', { ...server, status: { phase: 'Pending' } }],
    ['uses the address of the node', { ...server, spec: { ...server.spec, hostNetwork: true } }],
  ])('says nothing about a pod that %s', (_, pod) => {
    expect(chainOf('forward', [aPolicy({ policyTypes: ['Ingress'] })], [pod])?.slice(2)).toEqual([]);
  });

  it('is the same for the same objects in another order of addresses', () => {
    const policies = [aPolicy({ policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }] })];
    expect(chainOf('ingress-10-0-0-3', policies, [server, client])).toEqual(chainOf('ingress-10-0-0-3', policies));
  });
});
