import { describe, expect, it } from '@jest/globals';
import type { RuleParameters } from '../engine/parameters.ts';
import type { LabelSelector, Network, NetworkPolicyPeer } from '../mcpserver/types.gen.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { networkEgressLimited } from './network-egress-limited.ts';
import { networkIngressLimited } from './network-ingress-limited.ts';

function foundIn(peer: NetworkPolicyPeer, parameters: RuleParameters = {}): readonly string[] {
  const server = anMCPServer(withSpec({ network: { egressTo: [peer] } }));
  const findings = evaluateRules([networkEgressLimited], { server, facts: inMemoryFacts() }, parameters);
  return findings.map(({ path }) => renderPath(path).replace('spec.network.egressTo[0].', ''));
}

const everywhere = { ranges: ['0.0.0.0/0', '::/0'] };

describe('an address range', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.1.2.3/32', '10.0.0.0/8'],
    ['fd00:1::/64', 'fd00::/8'],
    ['::ffff:10.1.0.0/112', '10.0.0.0/8'],
  ])('%s is inside %s', (cidr, range) => {
    expect(foundIn({ ipBlock: { cidr } }, { ranges: [range] })).toEqual([]);
  });

  it.each([
    ['0.0.0.0/0', '10.0.0.0/8'],
    ['10.0.0.0/7', '10.0.0.0/8'],
    ['11.0.0.0/8', '10.0.0.0/8'],
    ['::/0', '0.0.0.0/0'],
    ['10.0.0.1', '0.0.0.0/0'],
    ['10.0.0.0/8', 'everything'],
    ['10.0.0.0/8', '0.0.0.0'],
  ])('%s is not inside %s', (cidr, range) => {
    expect(foundIn({ ipBlock: { cidr } }, { ranges: [range] })).toEqual(['ipBlock.cidr']);
  });

  it('may not hold what is refused, in whole or in part, unless it excepts all of it', () => {
    const refused = { ...everywhere, refused: ['169.254.0.0/16'] };
    const block = (cidr: string, ...except: string[]): readonly string[] =>
      foundIn({ ipBlock: { cidr, except } }, refused);
    expect(block('10.0.0.0/8')).toEqual([]);
    expect(block('0.0.0.0/0', '169.254.0.0/16')).toEqual([]);
    expect(block('0.0.0.0/0', '10.0.0.0/8', '169.0.0.0/8')).toEqual([]);
    expect(block('0.0.0.0/0')).toEqual(['ipBlock']);
    expect(block('0.0.0.0/0', '169.254.169.254/32')).toEqual(['ipBlock']);
    expect(block('169.254.169.0/24', '169.254.169.254/32')).toEqual(['ipBlock']);
    expect(block('0.0.0.0/0', 'everything')).toEqual(['ipBlock', 'ipBlock.except[0]']);
  });

  it('may not hold the metadata services of clouds by default', () => {
    const block = (cidr: string): number => foundIn({ ipBlock: { cidr } }, everywhere).length;
    expect(block('0.0.0.0/1')).toBe(1);
    expect(block('128.0.0.0/1')).toBe(1);
    expect(block('0.0.0.0/0')).toBe(2);
    expect(block('fd00::/8')).toBe(1);
    expect(block('1.1.1.0/24')).toBe(0);
  });
});

describe('a selector of namespaces', () => {
  const named = 'kubernetes.io/metadata.name';

  it.each<[string, LabelSelector]>([
    ['a label', { matchLabels: { team: 'search' } }],
    ['one of some values', { matchExpressions: [{ key: named, operator: 'In', values: ['a', 'b'] }] }],
    ['a label with any value', { matchExpressions: [{ key: 'team', operator: 'Exists' }] }],
  ])('is a limit by %s', (_, namespaceSelector) => {
    expect(foundIn({ namespaceSelector })).toEqual([]);
  });

  it.each<[string, LabelSelector]>([
    ['without a demand', {}],
    ['with empty lists', { matchLabels: {}, matchExpressions: [] }],
    ['that demands what all have', { matchExpressions: [{ key: named, operator: 'Exists' }] }],
    ['that only leaves some out', { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] }],
    ['that leaves one out', { matchExpressions: [{ key: named, operator: 'NotIn', values: ['a'] }] }],
  ])('is no limit %s, also with pods chosen in them', (_, namespaceSelector) => {
    expect(foundIn({ namespaceSelector, podSelector: { matchLabels: { app: 'x' } } })).toEqual(['namespaceSelector']);
    expect(foundIn({ namespaceSelector }, { everyNamespace: true })).toEqual([]);
  });
});

it('judges the DNS server as every destination', () => {
  const egressTo = [{ podSelector: {} }];
  const server = anMCPServer(withSpec({ network: { egressTo, dnsEgressPeer: { namespaceSelector: {} } } }));
  const findings = evaluateRules([networkEgressLimited], { server, facts: inMemoryFacts() }, { dnsPeer: true });
  expect(findings.map(({ path }) => renderPath(path))).toEqual(['spec.network.dnsEgressPeer.namespaceSelector']);
});

it('judges every caller', () => {
  const peers = [{ podSelector: {} }, { namespaceSelector: {} }, { ipBlock: { cidr: '0.0.0.0/0' } }];
  const server = anMCPServer(withSpec({ network: { ingressFrom: peers } }));
  const findings = evaluateRules([networkIngressLimited], { server, facts: inMemoryFacts() });
  expect(findings.map(({ path }) => renderPath(path))).toEqual([
    'spec.network.ingressFrom[1].namespaceSelector',
    'spec.network.ingressFrom[2].ipBlock.cidr',
  ]);
});

describe('a network that Kubernetes would refuse the NetworkPolicy of, so that there is none', () => {
  const ranges = ['10.0.0.0/8'];
  const fine = { podSelector: {} };

  it.each<[what: string, network: Network, path: string]>([
    ['a caller that selects nothing', { ingressFrom: [fine, {}] }, 'ingressFrom[1]'],
    ['a destination that selects nothing', { egressTo: [{}] }, 'egressTo[0]'],
    ['a DNS server that selects nothing', { dnsEgressPeer: {} }, 'dnsEgressPeer'],
    [
      'addresses beside a selector',
      { egressTo: [{ ipBlock: { cidr: '10.1.0.0/16' }, podSelector: {} }] },
      'egressTo[0]',
    ],
    [
      'an exception outside of its range',
      { ingressFrom: [{ ipBlock: { cidr: '10.1.0.0/16', except: ['11.0.0.0/8'] } }] },
      'ingressFrom[0].ipBlock.except[0]',
    ],
    [
      'an exception that cannot be read',
      { egressTo: [{ ipBlock: { cidr: '10.1.0.0/16', except: ['10.1.0.1'] } }] },
      'egressTo[0].ipBlock.except[0]',
    ],
    ['addresses that cannot be read', { egressTo: [{ ipBlock: { cidr: 'x' } }] }, 'egressTo[0].ipBlock.cidr'],
    ['a port that there is not', { egressPorts: [{ port: 70_000 }] }, 'egressPorts[0].port'],
    [
      'a label that cannot be',
      { ingressFrom: [{ podSelector: { matchLabels: { role: 'a b' } } }] },
      'ingressFrom[0].podSelector.matchLabels.role',
    ],
  ])('is no limit to either rule, with %s', (_, wrong, path) => {
    const server = anMCPServer(withSpec({ network: { ingressFrom: [fine], egressTo: [fine], ...wrong } }));
    for (const rule of [networkEgressLimited, networkIngressLimited]) {
      const findings = evaluateRules([rule], { server, facts: inMemoryFacts() }, { ranges });
      expect([rule.id, ...findings.map((one) => renderPath(one.path))]).toEqual([rule.id, `spec.network.${path}`]);
    }
  });
});
