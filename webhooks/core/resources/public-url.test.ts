import { describe, expect, it } from '@jest/globals';
import { areCompatible, publicUrlOf, readGateway } from './public-url.ts';
import type { GatewayState } from './public-url.ts';

const gateway = (listeners: readonly object[], addresses: readonly string[] = []): GatewayState => ({
  state: 'found',
  ...readGateway({ spec: { listeners }, status: { addresses: addresses.map((value) => ({ value })) } }),
});
const http = { protocol: 'HTTP', port: 80 };
const https = { protocol: 'HTTPS', port: 443 };
const from = (namespaces: string, listener: object): object => ({
  ...listener,
  allowedRoutes: { namespaces: { from: namespaces } },
});
const url = (settings: Readonly<Record<string, string>>, of: GatewayState): unknown =>
  publicUrlOf(new Map(Object.entries(settings)), of, { namespace: 'mcp', path: '/mcp' });

describe('where clients reach a route that was taken', () => {
  it.each<[what: string, settings: Readonly<Record<string, string>>, of: GatewayState, url: string]>([
    [
      'at the public host before all others',
      { 'public-hostname': 'mcp.example.com', 'route-hostname': 'inner.example.com' },
      gateway([http], ['192.0.2.1']),
      'http://mcp.example.com/mcp',
    ],
    [
      'at the host of the route',
      { 'route-hostname': 'inner.example.com' },
      gateway([http]),
      'http://inner.example.com/mcp',
    ],
    ['at the address of the Gateway', {}, gateway([http], ['192.0.2.1']), 'http://192.0.2.1/mcp'],
    ['at an address of IPv6', {}, gateway([http], ['2001:db8::1']), 'http://[2001:db8::1]/mcp'],
    ['at the host of the listener', {}, gateway([{ ...http, hostname: 'a.example.com' }]), 'http://a.example.com/mcp'],
    [
      'at an address that is a host of the route',
      { 'route-hostname': '*.example.com' },
      gateway([http], ['192.0.2.1', 'gw.example.com']),
      'http://gw.example.com/mcp',
    ],
    [
      'at an address in front of the Gateway',
      { 'public-hostname': '2001:DB8::2' },
      gateway([http]),
      'http://[2001:db8::2]/mcp',
    ],
    [
      'at the listener that takes routes of its namespace',
      { 'gateway-name': 'public', 'gateway-namespace': 'gateways', 'route-hostname': 'a.example.com' },
      gateway([from('All', http), from('Same', https), from('None', { ...https, port: 8443 })]),
      'http://a.example.com/mcp',
    ],
    [
      'at the listener of its own namespace',
      { 'gateway-name': 'public', 'gateway-namespace': 'mcp', 'route-hostname': 'a.example.com' },
      gateway([from('All', http), from('Same', https)]),
      'https://a.example.com/mcp',
    ],
    [
      'at a listener that may take it',
      { 'gateway-name': 'public', 'gateway-namespace': 'gateways', 'route-hostname': 'a.example.com' },
      gateway([from('All', http), from('Selector', https)]),
      'https://a.example.com/mcp',
    ],
    ['with TLS where a listener has it', {}, gateway([http, https], ['192.0.2.1']), 'https://192.0.2.1/mcp'],
    ['with the port that is not usual', {}, gateway([{ ...https, port: 8443 }], ['gw']), 'https://gw:8443/mcp'],
    [
      'at the listener that takes the host',
      { 'route-hostname': 'a.example.com' },
      gateway([
        { ...https, hostname: '*.example.org' },
        { ...http, port: 8080, hostname: '*.example.com' },
      ]),
      'http://a.example.com:8080/mcp',
    ],
  ])('%s', (_, settings, of, wanted) => {
    expect(url(settings, of)).toEqual({ type: 'known', url: wanted });
  });

  it.each<[what: string, settings: Readonly<Record<string, string>>, of: GatewayState, why: RegExp]>([
    ['a port behind the host', { 'public-hostname': 'mcp.example.com:8443' }, gateway([https]), /public-hostname/],
    ['a scheme before the host', { 'public-hostname': 'https://mcp.example.com' }, gateway([https]), /public-hostname/],
    ['no host at all', { 'public-hostname': 'user@evil.example/x y' }, gateway([https]), /public-hostname/],
    ['any host', { 'public-hostname': '*.example.com' }, gateway([https]), /public-hostname/],
    [
      'hosts of the route, and an address that is none of them',
      { 'route-hostname': '*.example.com' },
      gateway([http], ['192.0.2.1']),
      /\*\.example\.com.*public-hostname/,
    ],
    [
      'hosts of the listener, and an address that is none of them',
      {},
      gateway([{ ...https, hostname: '*.example.com' }], ['192.0.2.1']),
      /\*\.example\.com.*public-hostname/,
    ],
    [
      'listeners for other namespaces alone',
      { 'gateway-name': 'public', 'gateway-namespace': 'gateways' },
      gateway([from('Same', https)], ['192.0.2.1']),
      /no listener/,
    ],
  ])('is not known, rather than nowhere, with %s', (_, settings, of, why) => {
    expect(url(settings, of)).toEqual({ type: 'unknown', why: expect.stringMatching(why) });
  });

  it('is pending without an address, and unknown where the Gateway is', () => {
    expect(url({}, gateway([http]))).toMatchObject({ type: 'pending' });
    expect(url({}, gateway([{ protocol: 'TCP', port: 1 }]))).toMatchObject({ type: 'unknown' });
    expect(url({}, { state: 'missing' })).toMatchObject({ type: 'unknown' });
    expect(url({}, { state: 'unknown', why: 'x' })).toEqual({ type: 'unknown', why: 'x' });
    expect(url({}, gateway([{ protocol: 'constructor', port: 80 }]))).toMatchObject({ type: 'unknown' });
  });

  it('goes by hosts as the Gateway API does', () => {
    expect(areCompatible(undefined, 'a.b')).toBe(true);
    expect(areCompatible('*.b', 'a.b')).toBe(true);
    expect(areCompatible('*.b', 'x.a.b')).toBe(true);
    expect(areCompatible('a.b', '*.b')).toBe(true);
    expect(areCompatible('*.b', 'b')).toBe(false);
    expect(areCompatible('a.b', 'c.b')).toBe(false);
  });
});
