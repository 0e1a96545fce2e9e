import { describe, expect, it } from '@jest/globals';
import { anMCPServer } from '../testing/builders.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { noticeOnNetwork } from './network-notice.ts';

const peers = [{ podSelector: {} }];

function noticeFor(spec: Partial<MCPServer['spec']>): string | undefined {
  const server = anMCPServer();
  return noticeOnNetwork({ spec: { ...server.spec, ...spec } });
}

describe('what a server is told of a network that enforces nothing', () => {
  it.each<[string, Partial<MCPServer['spec']>]>([
    ['spec.network.ingressFrom', { network: { ingressFrom: peers } }],
    ['spec.network.egressTo', { network: { egressTo: peers } }],
    ['spec.network.egressPorts', { network: { egressPorts: [{ port: 443 }] } }],
    ['spec.extensions.network.egressHosts', { extensions: { network: { egressHosts: [{ host: 'example.com' }] } } }],
    ['spec.extensions.network.posture', { extensions: { network: { posture: 'Restricted' } } }],
    ['spec.extensions.metrics.from', { extensions: { metrics: { port: 9090, from: peers } } }],
  ])('names %s, which it relies on', (path, spec) => {
    expect(noticeFor(spec)).toContain(`so ${path} may keep`);
  });

  it('names all that it relies on', () => {
    expect(
      noticeFor({ network: { ingressFrom: peers }, extensions: { network: { posture: 'Restricted' } } }),
    ).toContain('so spec.network.ingressFrom, spec.extensions.network.posture may keep');
  });

  it.each<[string, Partial<MCPServer['spec']>]>([
    ['says nothing of it', {}],
    ['lists nobody', { network: { ingressFrom: [], egressTo: [], egressPorts: [] } }],
    ['lets everybody in', { extensions: { network: { posture: 'Open' } } }],
  ])('is nothing for one that %s', (_, spec) => {
    expect(noticeFor(spec)).toBeUndefined();
  });
});
