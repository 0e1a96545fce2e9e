import { describe, expect, it } from '@jest/globals';
import { anMCPServer, withMetadata, withName, withNamespace, withRawSpec, withSpec } from '../testing/builders.ts';
import { expandedKinds } from '../resources/index.gen.ts';
import {
  baseLabels,
  childName,
  everyChildName,
  namespaceOf,
  objectLabels,
  selectorLabels,
  selectorText,
  serviceUrl,
} from './names.ts';

const server = anMCPServer(withName('search'), withNamespace('tools'));

it('names children as the server', () => {
  expect(childName(server)).toBe('search');
});

it('knows every name that a child has', () => {
  const verdict = { findings: [], rules: 1, apis: new Map() };
  const gateway = { ...server, spec: { ...server.spec, gateway: { provider: 'x' } } };
  const inputs = [{ server }, { server, verdict }, { server, candidateTemplate: 'x' }, { server: gateway }];
  const built = inputs.flatMap((input) => expandedKinds.flatMap((of) => of.build(input)));
  const names = new Set(built.map(({ metadata }) => metadata.name));
  expect([...names].sort()).toEqual([...everyChildName('search')].sort());
});

it('takes the namespace default where a manifest names none', () => {
  expect(namespaceOf(server)).toBe('tools');
  expect(namespaceOf(anMCPServer(withMetadata({ namespace: undefined })))).toBe('default');
});

describe('labels', () => {
  it('select pods by the one label that the reference operator uses', () => {
    expect(selectorLabels(server)).toEqual({ 'mcp-server': 'search' });
    expect(selectorText(server)).toBe('mcp-server=search');
  });

  it('of pods carry no recommended labels, which would restart adopted pods', () => {
    expect(baseLabels(server)).toEqual({ app: 'mcp-server', 'mcp-server': 'search' });
  });

  it('of objects carry both', () => {
    expect(objectLabels(server)).toMatchObject({ ...baseLabels(server), 'app.kubernetes.io/instance': 'search' });
  });
});

describe('serviceUrl', () => {
  it.each([
    ['the default path', {}, 'http://search.tools.svc.cluster.local:8080/mcp'],
    [
      'a path of its own',
      { config: { port: 9000, path: '/v1/mcp' } },
      'http://search.tools.svc.cluster.local:9000/v1/mcp',
    ],
    [
      'https when the server serves TLS',
      { transport: { tls: { enabled: true } } },
      'https://search.tools.svc.cluster.local:8080/mcp',
    ],
    [
      'http when TLS is switched off',
      { transport: { tls: { enabled: false } } },
      'http://search.tools.svc.cluster.local:8080/mcp',
    ],
  ])('has %s', (_name, spec, url) => {
    expect(
      serviceUrl(anMCPServer(withName('search'), withNamespace('tools'), withRawSpec(spec)), 'cluster.local'),
    ).toBe(url);
  });

  it('follows the domain of the cluster', () => {
    expect(serviceUrl(anMCPServer(withSpec({})), 'k8s.example')).toBe('http://search.mcp.svc.k8s.example:8080/mcp');
  });
});
