import { describe, expect, it } from '@jest/globals';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import { ingress } from './ingress.ts';
import { readIngress } from './registration.ts';

const published = (settings: object = {}, spec: object = {}): ReturnType<typeof anMCPServer> =>
  anMCPServer(withRawSpec({ extensions: { ingress: { host: 'mcp.example.com', ...settings } }, ...spec }));
const metadata = '/.well-known/oauth-protected-resource';
const to = (port: number, ...paths: readonly string[]): object => ({
  rules: [
    {
      host: 'mcp.example.com',
      http: {
        paths: paths.map((path) => ({
          ...{ path, pathType: 'Prefix', backend: { service: { name: 'search', port: { number: port } } } },
        })),
      },
    },
  ],
});

describe('the Ingress of a server', () => {
  it('leads from its host to the Service, at the path of the server and where its metadata are', () => {
    expect(ingress.build({ server: published() })).toEqual([
      {
        ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
        metadata: expect.objectContaining({ name: 'search', namespace: 'mcp' }),
        spec: to(8080, '/mcp', `${metadata}/mcp`),
      },
    ]);
  });

  it('has class and certificate only where the spec says them', () => {
    const [built] = ingress.build({ server: published({ className: 'traefik', tlsSecretName: 'tls' }) });
    expect(built?.['spec']).toMatchObject({
      ingressClassName: 'traefik',
      tls: [{ hosts: ['mcp.example.com'], secretName: 'tls' }],
    });
  });

  it.each<[path: string, own: string, paths: readonly string[]]>([
    ['/', '/mcp', ['/']],
    ['/team', '/team/mcp', ['/team', `${metadata}/team/mcp`]],
    ['/team/mcp', '/team/mcp/', ['/team/mcp', `${metadata}/team/mcp`]],
  ])('takes %s before %s, and no path twice', (path, own, paths) => {
    const [built] = ingress.build({ server: published({ path }, { config: { port: 8080, path: own } }) });
    expect(built?.['spec']).toEqual(to(8080, ...paths));
  });

  it('leads to what serves while its successor is proven, and takes the paths of both while that replaces it', () => {
    const server = published({}, { config: { port: 9090, path: '/v2' } });
    const served = { url: 'http://search.mcp.svc.cluster.local:8080/mcp', port: 8080, path: '/mcp' };
    const built = (servesAlone: boolean): unknown => ingress.build({ server, served, servesAlone })[0]?.['spec'];
    expect(built(true)).toEqual(to(8080, '/mcp', `${metadata}/mcp`));
    expect(built(false)).toEqual(to(8080, '/mcp', `${metadata}/mcp`, '/v2', `${metadata}/v2`));
  });

  it('has the annotations that are said for it, and none that are for other children, or ours', () => {
    const annotations = { 'example.com/timeout': '60', 'mcp-lifecycle/applied-hash': 'x' };
    const [built] = ingress.build({ server: published({ annotations }, { extraAnnotations: { snippet: 'x' } }) });
    expect(built?.metadata.annotations).toEqual({ 'example.com/timeout': '60' });
    const [plain] = ingress.build({ server: published({}, { extraAnnotations: { snippet: 'x' } }) });
    expect(plain?.metadata).not.toHaveProperty('annotations');
  });
});

describe('what an ingress controller says', () => {
  const spec = { rules: [{ host: 'mcp.example.com' }] };

  it.each<[what: string, status: unknown, state: string]>([
    ['nothing', undefined, 'none'],
    ['no address', { loadBalancer: {} }, 'none'],
    ['an empty one', { loadBalancer: { ingress: [{ ip: '' }, {}] } }, 'none'],
    ['what is no list', { loadBalancer: { ingress: 'x' } }, 'none'],
    ['an address', { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } }, 'yes'],
    ['a name', { loadBalancer: { ingress: [{ hostname: 'lb.example.com' }] } }, 'yes'],
  ])('is read: %s', (_what, status, state) => {
    expect(readIngress({ spec, status }).answer).toEqual({ state });
  });

  it('is not believed of an Ingress of another class: that is made anew', () => {
    const isAnother = (wanted: object, found: object): unknown => {
      const [built] = ingress.build({ server: published(wanted) });
      return built && ingress.isAnother?.(built, readIngress({ spec: { ...spec, ...found } }));
    };
    expect(isAnother({ className: 'nginx' }, { ingressClassName: 'traefik' })).toBe(true);
    expect(isAnother({ className: 'nginx' }, {})).toBe(true);
    expect(isAnother({ className: 'nginx' }, { ingressClassName: 'nginx' })).toBe(false);
    // The API server has written the default into it.
    expect(isAnother({}, { ingressClassName: 'traefik' })).toBe(false);
    expect(isAnother({ className: 'nginx', host: 'other.example.com' }, { ingressClassName: 'nginx' })).toBe(false);
    expect(isAnother({ className: 'x'.repeat(253) }, { ingressClassName: 'x'.repeat(253) })).toBe(false);
  });

  it('is of the host and the scheme of the Ingress, whatever the address', () => {
    expect(readIngress({ spec }).url).toBe('http://mcp.example.com');
    expect(readIngress({ spec: { ...spec, tls: [{}] } }).url).toBe('https://mcp.example.com');
    expect(readIngress({ spec: {} }).url).toBeUndefined();
  });
});
