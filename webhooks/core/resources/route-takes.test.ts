import { describe, expect, it } from '@jest/globals';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import { httpRoute } from './http-route.ts';
import { ingress } from './ingress.ts';
import { readIngress, readRoute } from './registration.ts';
import { takenBy, takenByIngress } from './route-takes.ts';

const parentRef = { name: 'public', namespace: 'gateways' };
const routeOf = (path: string, hostname?: string): unknown => {
  const gateway = new Map([
    ['gateway-name', 'public'],
    ['gateway-namespace', 'gateways'],
    ...(hostname === undefined ? [] : [['route-hostname', hostname] as const]),
  ]);
  const server = anMCPServer(
    withRawSpec({ config: { port: 8080, path }, gateway: { provider: 'httproute', configRef: 'edge' } }),
  );
  return httpRoute.build({ server, gateway })[0];
};

it.each([
  ['a path on a host', routeOf('/mcp', 'MCP.example.com'), ['gateways/public mcp.example.com /mcp/']],
  ['the same path, written otherwise', routeOf('/mcp/', 'mcp.example.com'), ['gateways/public mcp.example.com /mcp/']],
  ['a path on every host', routeOf('/mcp'), ['gateways/public * /mcp/']],
  ['everything', routeOf('/', '*.example.com'), ['gateways/public *.example.com /']],
  ['nothing', {}, []],
  [
    'what no schema allows',
    { spec: { parentRefs: 7, hostnames: [7], rules: [{ matches: [null, { path: [] }] }] } },
    [],
  ],
])('is what the server of a route has, and nothing of what is beside it: %s', (_, route, taken) => {
  expect(takenBy(route)).toEqual(taken);
});

it('is bounded, whoever wrote the route', () => {
  const matches = Array.from({ length: 64 }, (_, index) => ({ path: { type: 'PathPrefix', value: `/${index}` } }));
  const hostnames = Array.from({ length: 16 }, (_, index) => `h${index}.example.com`);
  expect(takenBy({ spec: { parentRefs: [parentRef], hostnames, rules: [{ matches }] } })).toHaveLength(32);
  const endless = [{ path: { type: 'PathPrefix', value: `/${'x'.repeat(10_000)}` } }];
  expect(takenBy({ spec: { parentRefs: [parentRef], rules: [{ matches: endless }] } })).toEqual([]);
});

it('counts only while a gateway has taken the route', () => {
  const said = (status: string, observedGeneration = 1): readonly string[] | undefined => {
    const conditions = [{ type: 'Accepted', status, observedGeneration }];
    const route = {
      ...(routeOf('/mcp') as object),
      metadata: { generation: 1 },
      status: { parents: [{ parentRef, conditions }] },
    };
    return readRoute(route).takes;
  };
  expect(said('True')).toEqual(['gateways/public * /mcp/']);
  expect(said('True', 0)).toHaveLength(1);
  expect(said('False')).toBeUndefined();
});

describe('an Ingress', () => {
  const ingressOf = (path: string, settings: object = {}): unknown =>
    ingress.build({
      server: anMCPServer(
        withRawSpec({
          config: { port: 8080, path },
          extensions: { ingress: { host: 'MCP.example.com', className: 'contour', ...settings } },
        }),
      ),
    })[0];

  it.each([
    ['a path on a host', ingressOf('/mcp'), ['contour mcp.example.com /mcp/']],
    ['more than the path of the server', ingressOf('/mcp/a', { path: '/mcp' }), ['contour mcp.example.com /mcp/']],
    ['everything, of no class', ingressOf('/', { className: undefined }), [' mcp.example.com /']],
    ['nothing', {}, []],
    [
      'what no schema allows',
      { spec: { rules: [{ http: { paths: [null, { path: [], pathType: 'Prefix' }] } }] } },
      ['  /'],
    ],
  ])('takes what its server has, and nothing of what is beside it: %s', (_, one, taken) => {
    expect(takenByIngress(one)).toEqual(taken);
  });

  it('is bounded, whoever wrote it', () => {
    const paths = Array.from({ length: 64 }, (_, index) => ({ path: `/${index}`, pathType: 'Prefix' }));
    expect(takenByIngress({ spec: { rules: [{ http: { paths } }] } })).toHaveLength(8);
    const endless = [{ path: `/${'x'.repeat(10_000)}`, pathType: 'Prefix' }];
    expect(takenByIngress({ spec: { rules: [{ http: { paths: endless } }] } })).toEqual([]);
  });

  it('counts only once an ingress controller has taken it', () => {
    const { spec } = ingressOf('/mcp') as { readonly spec: object };
    expect(readIngress({ spec }).takes).toBeUndefined();
    const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } };
    expect(readIngress({ spec, status }).takes).toEqual(['contour mcp.example.com /mcp/']);
  });
});
