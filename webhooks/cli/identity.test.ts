import { expect, it } from '@jest/globals';
import { identityOf, isMeantAsMCPServer } from './identity.ts';

it.each<[boolean, string, object]>([
  [true, 'both versions', { apiVersion: 'mcp.x-k8s.io/v1alpha1', kind: 'MCPServer' }],
  [true, 'a version that does not exist', { apiVersion: 'mcp.x-k8s.io/v9', kind: 'MCPServer' }],
  [true, 'no version', { kind: 'MCPServer' }],
  [true, 'a misspelt kind', { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPserver' }],
  [true, 'no kind', { apiVersion: 'mcp.x-k8s.io/v1beta1' }],
  [false, 'the MCPServer of another project', { apiVersion: 'toolhive.stacklok.dev/v1alpha1', kind: 'MCPServer' }],
  [false, 'another kind of the group', { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPGatewayBinding' }],
  [false, 'another kind', { apiVersion: 'v1', kind: 'ConfigMap' }],
  [false, 'something that is no object of Kubernetes', { services: {} }],
])('%s: %s', (isMeant, _name, value) => {
  expect(isMeantAsMCPServer(value)).toBe(isMeant);
});

it('takes the namespace that kubectl would take', () => {
  expect(identityOf({ metadata: { name: 'a', namespace: '' } }, 'team').namespace).toBe('team');
  expect(identityOf({ metadata: { name: 'a', namespace: 'own' } }, 'team').namespace).toBe('own');
  expect(identityOf('x', 'team')).toEqual({ apiVersion: '', kind: '', namespace: 'team', name: '' });
});
