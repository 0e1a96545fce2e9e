import { expect, it } from '@jest/globals';
import { anMCPServer, withGeneration, withSpec } from '../testing/builders.ts';
import type { MCPServer, MCPServerStatus } from '../mcpserver/types.gen.ts';
import { formerPortOf, servedUrl } from './served-address.ts';

const serves: MCPServerStatus = {
  conditions: [
    {
      ...{ type: 'Available', status: 'True', reason: 'Available', message: '' },
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
};
const at = (url: string): MCPServerStatus => ({ ...serves, address: { url } });
const former = 'http://search.mcp.svc.cluster.local:8080/mcp';

function movedTo(port: number, status?: MCPServerStatus): MCPServer {
  const server = anMCPServer(withGeneration(2), withSpec({ config: { port } }));
  return { ...server, ...(status && { status }) };
}

it.each<[string, MCPServerStatus | undefined, readonly number[], number | undefined]>([
  ['status says so', at(former), [], 8080],
  ['its pods have it, and status says no address: the spec was not valid meanwhile', serves, [9090, 8080], 8080],
  ['nothing has served yet', undefined, [], undefined],
  ['somebody wrote nonsense into status', at('http://search.mcp.svc.cluster.local:99999/mcp'), [], undefined],
  ['all of it has moved already', at('http://search.mcp.svc.cluster.local:9090/mcp'), [9090], undefined],
])('the former port is known where %s', (_, status, podPorts, expected) => {
  expect(formerPortOf(movedTo(9090, status), podPorts)).toBe(expected);
});

it('an address is the former one until the new version serves, and never one of somebody else', () => {
  const urlOf = (url: string, isOfNow: boolean): string =>
    servedUrl({ server: movedTo(9090), previous: at(url), clusterDomain: 'cluster.local' }, isOfNow);
  expect(urlOf(former, false)).toBe(former);
  expect(urlOf(former, true)).toBe('http://search.mcp.svc.cluster.local:9090/mcp');
  expect(urlOf('http://metadata.internal:80/secrets', false)).toBe('http://search.mcp.svc.cluster.local:9090/mcp');
});
