import { expect, it } from '@jest/globals';
import { anMCPServer, withGeneration, withSpec } from '../testing/builders.ts';
import type { MCPServer, MCPServerStatus } from '../mcpserver/types.gen.ts';
import { formerMetricsPortsOf, formerPortsOf, servedAddressOf, servedUrl } from './served-address.ts';

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

it.each<[string, MCPServerStatus | undefined, readonly number[], readonly number[]]>([
  ['status says so', at(former), [], [8080]],
  ['its pods have it, and status says no address: the spec was not valid meanwhile', serves, [9090, 8080], [8080]],
  ['nothing has served yet', undefined, [], []],
  ['somebody wrote nonsense into status', at('http://search.mcp.svc.cluster.local:99999/mcp'), [], []],
  [
    'status has the address of a gateway, as the reference operator leaves it',
    at('https://mcp.example.com:8443/mcp'),
    [],
    [],
  ],
  ['all of it has moved already', at('http://search.mcp.svc.cluster.local:9090/mcp'), [9090], []],
  ['it has changed twice before the last pod of the first has gone', at(former), [8080, 7070], [8080, 7070]],
  ['it has changed more often than anybody does', serves, [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, -1], [1, 2, 3, 4, 5, 6, 7, 8]],
])('the former ports are known where %s', (_, status, podPorts, expected) => {
  expect(formerPortsOf(movedTo(9090, status), podPorts)).toEqual(expected);
});

it.each<[string, MCPServerStatus | undefined, unknown]>([
  ['is where status says', at(former), { url: former, port: 8080, path: '/mcp' }],
  ['is that of the spec where nothing serves', { address: { url: former } }, undefined],
  ['is that of the spec once status says so', at('http://search.mcp.svc.cluster.local:9090/v2'), undefined],
  ['is no host of others', at('http://other.mcp.svc.cluster.local:8080/mcp'), undefined],
  ['is no address of a gateway', at('https://mcp.example.com:8443/mcp'), undefined],
])('what serves is reached at an address that %s', (_, status, expected) => {
  const server = anMCPServer(withGeneration(2), withSpec({ config: { port: 9090, path: '/v2' } }));
  expect(servedAddressOf({ ...server, ...(status && { status }) })).toEqual(expected);
});

it('former ports of metrics are those of the pods that the spec does not say', () => {
  const server = anMCPServer(withSpec({ extensions: { metrics: { port: 9100 } } }));
  expect(formerMetricsPortsOf(server, [9100, 9101])).toEqual([9101]);
  expect(formerMetricsPortsOf(anMCPServer(), [9100])).toEqual([9100]);
});

it('an address is the former one until the new version serves, and never one of somebody else', () => {
  const urlOf = (url: string, isOfNow: boolean): string =>
    servedUrl({ server: movedTo(9090), previous: at(url), clusterDomain: 'cluster.local' }, isOfNow);
  expect(urlOf(former, false)).toBe(former);
  expect(urlOf(former, true)).toBe('http://search.mcp.svc.cluster.local:9090/mcp');
  expect(urlOf('http://metadata.internal:80/secrets', false)).toBe('http://search.mcp.svc.cluster.local:9090/mcp');
});
