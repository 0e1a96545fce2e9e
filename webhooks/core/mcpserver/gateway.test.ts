import { expect, it } from '@jest/globals';
import { extensionNameOf, gatewayNameOf } from './gateway.ts';
import type { GatewayName } from './gateway.ts';

const both = (name: string, namespace: string): readonly (GatewayName | undefined)[] => [
  gatewayNameOf(new Map(Object.entries({ 'gateway-name': name, 'gateway-namespace': namespace }))),
  extensionNameOf(new Map(Object.entries({ 'extension-name': name, 'extension-namespace': namespace }))),
];

it.each([
  ['..', 'gateways'],
  ['../../secrets', 'gateways'],
  ['Public_GW', 'gateways'],
  ['a'.repeat(254), 'gateways'],
  ['public', '..'],
  ['public', 'kube-system/secrets'],
  ['public', 'a.b'],
  ['public', 'a'.repeat(64)],
  ['pub\nlic', 'gateways'],
])('a Gateway that no object can be (%j in %j) becomes no part of a path or an object', (name, namespace) => {
  expect(both(name, namespace)).toEqual([undefined, undefined]);
});

it('names are read without the white space around them', () => {
  const named = { name: 'public.edge', namespace: 'gateways' };
  expect(both(' public.edge\n', 'gateways ')).toEqual([named, named]);
});
