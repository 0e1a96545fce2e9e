import { each, type Mutant } from './mutant.ts';

const labelKeys = [
  'a',
  'example.com/a',
  'Example.com/a',
  'a/b/c',
  '',
  'a b',
  '-a',
  'A_b',
  'a'.repeat(63),
  'a'.repeat(64),
  '/a',
  'a/',
];
const labelValues = ['', 'a', 'A.b-c_d', 'a b', '-a', 'a-', 'é', 'a'.repeat(63), 'a'.repeat(64), 'a\n'];

const expressions = [
  { key: 'a', operator: 'In', values: ['b'] },
  { key: 'a', operator: 'In', values: [] },
  { key: 'a', operator: 'In' },
  { key: 'a', operator: 'In', values: ['a b'] },
  { key: 'a', operator: 'In', values: ['b', 'b'] },
  { key: 'a', operator: 'NotIn', values: ['b'] },
  { key: 'a', operator: 'NotIn' },
  { key: 'a', operator: 'NotIn', values: ['-'] },
  { key: 'a', operator: 'Exists' },
  { key: 'a', operator: 'Exists', values: [] },
  { key: 'a', operator: 'Exists', values: ['b'] },
  { key: 'a', operator: 'DoesNotExist' },
  { key: 'a', operator: 'DoesNotExist', values: ['b'] },
  { key: 'a', operator: 'DoesNotExist', values: ['a b'] },
  { key: 'a', operator: 'Gt', values: ['1'] },
  { key: 'a', operator: 'in', values: ['b'] },
  { key: 'a', operator: '' },
  { key: '', operator: 'Exists' },
  { key: 'a b', operator: 'Exists' },
];

const selectors = [
  {},
  { matchLabels: {} },
  { matchExpressions: [] },
  ...labelKeys.map((key) => ({ matchLabels: { [key]: 'b' } })),
  ...labelValues.map((value) => ({ matchLabels: { a: value } })),
  ...expressions.map((expression) => ({ matchExpressions: [expression] })),
];

const ranges = [
  ...[
    '10.0.0.0/8',
    '10.0.0.1/8',
    '0.0.0.0/0',
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0/8',
    '010.0.0.0/8',
    '10.0.0.0/08',
    '10.0.0.0/+8',
    ' 10.0.0.0/8',
  ],
  ...[
    '',
    '::/0',
    'fd00::/8',
    'fd00::1/8',
    'fd00::/129',
    '::ffff:10.0.0.0/104',
    '::ffff:10.0.0.0/8',
    '::10.0.0.0/8',
    'FD00::/8',
    'fe80::1%eth0/64',
  ],
  ...[
    '0:0:0:0:0:0:0:0/0',
    '1::2::3/8',
    ':::/0',
    '10.0.0.0/-1',
    '256.0.0.0/8',
    '10.0.0.0/',
    '/8',
    '10.0.0.0/8/8',
    '0010.0.0.0/8',
    '00::/8',
    '10.0.0.0/0x8',
    '00010::/8',
  ],
];

const exceptions: readonly (readonly [string, string])[] = [
  ['10.0.0.0/8', '10.1.0.0/16'],
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['10.0.0.0/8', '10.0.0.0/7'],
  ['10.0.0.0/8', '11.0.0.0/16'],
  ['10.0.0.0/8', '10.1.2.3/16'],
  ['10.0.0.9/8', '10.0.0.0/9'],
  ['0.0.0.0/0', '10.0.0.0/8'],
  ['::/0', '10.0.0.0/8'],
  ['0.0.0.0/0', 'fd00::/8'],
  ['10.0.0.0/8', '::ffff:10.1.0.0/112'],
  ['::ffff:0:0/96', '10.1.0.0/16'],
  ['fd00::/8', 'fd00:1::/32'],
  ['10.0.0.0/8', ''],
  ['10.0.0.0/8', 'x'],
  ['10.0.0.0/8', '10.010.0.0/16'],
];

const peers = [
  {},
  ...selectors.map((podSelector) => ({ podSelector })),
  ...selectors.slice(0, 8).map((namespaceSelector) => ({ namespaceSelector })),
  { podSelector: {}, namespaceSelector: {} },
  ...ranges.map((cidr) => ({ ipBlock: { cidr } })),
  ...exceptions.map(([cidr, except]) => ({ ipBlock: { cidr, except: [except] } })),
  { ipBlock: { cidr: '10.0.0.0/8', except: [] } },
  { ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} },
];

const portValues = [1, 65535, 0, -1, 65536, 'https', 'HTTPS', '443', '', 'a--b', 'abcdefghijklmno', 'abcdefghijklmnop'];

const ports = [
  {},
  ...['TCP', 'UDP', 'SCTP', 'tcp', 'HTTP', ''].map((protocol) => ({ protocol, port: 1 })),
  ...portValues.map((port) => ({ port })),
  ...[1, 2, 3, 0, -1, 65536].map((endPort) => ({ port: 2, endPort })),
  { port: 'https', endPort: 2 },
  { endPort: 2 },
];

export const network: readonly Mutant[] = [
  ...each('network', [
    {},
    { ingressFrom: [] },
    { egressTo: [] },
    { egressPorts: [] },
    { ingressFrom: [], egressTo: [], egressPorts: [] },
  ]),
  ...each(
    'network.egressTo',
    peers.map((peer) => [peer]),
  ),
  ...each(
    'network.ingressFrom',
    peers.slice(0, 30).map((peer) => [peer]),
  ),
  ...each('extensions.metrics.from', [[], ...peers.slice(0, 30).map((peer) => [peer])], {
    extensions: { metrics: { port: 9090 } },
  }),
  ...each(
    'network.egressPorts',
    ports.map((port) => [port]),
  ),
  ...each('network.dnsEgressPeer', [...peers.slice(0, 4), { ipBlock: { cidr: 'x' } }], {
    network: { egressPorts: [{ port: 443 }] },
  }),
  ...each('network.dnsEgressPeer', [{}, { podSelector: {} }, { ipBlock: { cidr: 'x' } }]),
];
