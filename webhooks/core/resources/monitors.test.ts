import { describe, expect, it } from '@jest/globals';
import { serviceUrl } from '../mcpserver/names.ts';
import type { MCPServer, MetricsSettings, NetworkPolicyPeer } from '../mcpserver/types.gen.ts';
import { anInstallation } from '../testing/an-installation.ts';
import { anMCPServer, withRawSpec, withSpec } from '../testing/builders.ts';
import type { Option } from '../testing/builders.ts';
import { deployment } from './deployment.ts';
import { networkPolicy } from './network-policy.ts';
import { podMonitor } from './pod-monitor.ts';
import { serviceMonitor } from './service-monitor.ts';

const scraped = (metrics: MetricsSettings, ...options: readonly Option[]): MCPServer =>
  anMCPServer(...options, withSpec({ extensions: { metrics } }));
const tls = (settings: object): Option => withRawSpec({ transport: { tls: { enabled: true, ...settings } } });
const installation = anInstallation({ clusterDomain: 'k8s.example' });
const tcp = (port: number): object => ({ protocol: 'TCP', port });
const selector = { matchLabels: { 'mcp-server': 'search' } };

describe('PodMonitor', () => {
  it('scrapes the port of the server at /metrics, at the pace of Prometheus', () => {
    expect(podMonitor.build({ server: scraped({ port: 'mcp' }) })[0]).toMatchObject({
      metadata: { name: 'search', namespace: 'mcp' },
      spec: { selector, podMetricsEndpoints: [{ port: 'mcp', path: '/metrics' }] },
    });
    const [byNumber] = podMonitor.build({ server: scraped({ port: 8080, path: '/stats', interval: '15s' }) });
    expect(byNumber).toHaveProperty('spec.podMetricsEndpoints', [{ port: 'mcp', path: '/stats', interval: '15s' }]);
  });

  it('carries the labels by which Prometheus selects it, and never others than ours in place of ours', () => {
    const server = scraped({ port: 'mcp', labels: { release: 'prometheus', 'mcp-server': 'other', app: 'x' } });
    const [built] = podMonitor.build({ server });
    expect(built?.metadata.labels).toMatchObject({ release: 'prometheus', app: 'mcp-server', 'mcp-server': 'search' });
    expect(deployment.build({ server })[0]?.metadata.labels).not.toHaveProperty('release');
  });

  it('trusts the server as the spec says, where metrics come over its TLS', () => {
    const secured = (settings: object, port: MetricsSettings['port'] = 'mcp'): unknown =>
      podMonitor.build({ server: scraped({ port }, tls(settings)), installation })[0]?.['spec'];
    const serverName = 'search.mcp.svc.k8s.example';
    expect(secured({ caBundleSecret: { name: 'ca' } })).toMatchObject({
      podMetricsEndpoints: [
        { scheme: 'https', tlsConfig: { ca: { secret: { name: 'ca', key: 'ca.crt' } }, serverName } },
      ],
    });
    expect(secured({ insecureSkipVerify: true })).toMatchObject({
      podMetricsEndpoints: [{ scheme: 'https', tlsConfig: { insecureSkipVerify: true, serverName } }],
    });
    expect(secured({}, 9090)).toMatchObject({
      podMetricsEndpoints: [{ port: 'metrics', path: '/metrics' }],
    });
    expect(JSON.stringify(secured({}, 9090))).not.toContain('https');
  });

  it('expects a certificate for the host of status.address.url, the only one that a server needs one for', () => {
    const metrics = { port: 'mcp', kind: 'ServiceMonitor' } as const;
    const server = scraped(metrics, tls({ caBundleSecret: { name: 'ca' } }));
    const { hostname } = new URL(serviceUrl(server, installation.clusterDomain));
    const expected = { endpoints: [{ tlsConfig: { serverName: hostname } }] };
    expect(serviceMonitor.build({ server, installation })[0]).toMatchObject({ spec: expected });
  });

  it('names no host on the command line, which does not know the domain of the cluster', () => {
    const [built] = podMonitor.build({ server: scraped({ port: 'mcp' }, tls({ caBundleSecret: { name: 'ca' } })) });
    const tlsConfig = { ca: { secret: { name: 'ca', key: 'ca.crt' } } };
    expect(built).toHaveProperty('spec.podMetricsEndpoints.0.tlsConfig', tlsConfig);
  });
});

describe('a port of its own for metrics', () => {
  const server = scraped({ port: 9090 });

  it('is one of the container, and open to whom the server is', () => {
    expect(deployment.build({ server })[0]).toHaveProperty('spec.template.spec.containers.0.ports', [
      { name: 'mcp', containerPort: 8080, protocol: 'TCP' },
      { name: 'metrics', containerPort: 9090, protocol: 'TCP' },
    ]);
    expect(networkPolicy.build({ server })[0]).toHaveProperty('spec.ingress', [
      {
        ports: [
          { protocol: 'TCP', port: 8080 },
          { protocol: 'TCP', port: 9090 },
        ],
      },
    ]);
  });

  it('leaves the one before it open as long as a pod has it', () => {
    const [built] = networkPolicy.build({ server, formerMetricsPorts: [9100] });
    const ports = [8080, 9090, 9100].map((port) => ({ protocol: 'TCP', port }));
    expect(built).toHaveProperty('spec.ingress', [{ ports }]);
  });

  it('is closed as soon as no metrics are asked for, whoever could read them before', () => {
    const [built] = networkPolicy.build({ server: anMCPServer(), formerMetricsPorts: [9100] });
    expect(built).toHaveProperty('spec.ingress', [{ ports: [tcp(8080)] }]);
  });

  it('has a rule of its own for those who read metrics, whoever else may call the server', () => {
    const prometheus = [{ namespaceSelector: { matchLabels: { team: 'monitoring' } } }];
    const ingressFrom = [{ podSelector: {} }];
    const build = (from: NetworkPolicyPeer[], network: object, former: object = {}): unknown =>
      networkPolicy.build({ server: scraped({ port: 9090, from }, withRawSpec({ network })), ...former })[0]?.['spec'];
    expect(build(prometheus, { ingressFrom })).toMatchObject({
      ingress: [
        { ports: [tcp(8080)], from: ingressFrom },
        { ports: [tcp(9090)], from: prometheus },
      ],
    });
    expect(build([], {})).toHaveProperty('ingress', [{ ports: [tcp(8080)] }]);
    expect(build(prometheus, {}, { formerPorts: [8000], formerMetricsPorts: [9100, 8000] })).toHaveProperty('ingress', [
      { ports: [tcp(8080), tcp(8000)] },
      { ports: [tcp(9090), tcp(9100)], from: prometheus },
    ]);
    expect(build([], {}, { formerMetricsPorts: [9100] })).toHaveProperty('ingress', [{ ports: [tcp(8080)] }]);
  });

  it('is what either kind names', () => {
    expect(podMonitor.build({ server })[0]).toMatchObject({ spec: { podMetricsEndpoints: [{ port: 'metrics' }] } });
    const [built] = serviceMonitor.build({ server: scraped({ port: 9090, kind: 'ServiceMonitor' }) });
    expect(built).toMatchObject({ spec: { selector, endpoints: [{ targetPort: 'metrics', path: '/metrics' }] } });
  });
});

describe('ServiceMonitor', () => {
  it('is there instead of a PodMonitor, by choice', () => {
    const server = scraped({ port: 'mcp', kind: 'ServiceMonitor' });
    expect(podMonitor.build({ server })).toEqual([]);
    expect(serviceMonitor.build({ server })[0]).toHaveProperty('spec', {
      selector,
      endpoints: [{ port: 'mcp', path: '/metrics' }],
    });
    expect(serviceMonitor.build({ server: scraped({ port: 'mcp' }) })).toEqual([]);
  });
});
