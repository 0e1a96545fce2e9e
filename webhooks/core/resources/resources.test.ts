import { describe, expect, it } from '@jest/globals';
import { everyChildName } from '../mcpserver/names.ts';
import type { Network } from '../mcpserver/types.gen.ts';
import type { Option } from '../testing/builders.ts';
import { anMCPServer, withName, withSpec } from '../testing/builders.ts';
import { deployment } from './deployment.ts';
import { expandedKinds } from './index.gen.ts';
import { networkPolicy } from './network-policy.ts';
import { service } from './service.ts';
import { askedGateway, askingFor } from './testing/asking.ts';

const build = (...options: readonly Option[]): unknown => deployment.build({ server: anMCPServer(...options) })[0];
const inPod = (spec: object): object => ({ spec: { template: { spec } } });
const inContainer = (match: object): object => inPod({ containers: [expect.objectContaining(match)] });

/** Reports of a verdict have names and labels of their own: findings-report.test.ts. */
const kinds = expandedKinds.filter(({ isOfVerdict }) => isOfVerdict !== true).map((kind) => [kind.kind, kind] as const);

describe('every child', () => {
  it.each(kinds)('%s is named and labelled as its server', (_, kind) => {
    const server = anMCPServer(withName('a'.repeat(63)), askingFor(kind.kind));
    const [child] = kind.build({ server, gateway: askedGateway });
    expect(child).toMatchObject({ apiVersion: kind.apiVersion, kind: kind.kind });
    expect(everyChildName(server.metadata.name)).toContain(child?.metadata.name);
    expect(child?.metadata).toEqual({
      name: expect.stringMatching(/^a{63}(-|$)/),
      namespace: 'mcp',
      labels: {
        app: 'mcp-server',
        'mcp-server': server.metadata.name,
        'app.kubernetes.io/name': 'mcp-server',
        'app.kubernetes.io/instance': server.metadata.name,
        'app.kubernetes.io/managed-by': 'mcp-lifecycle',
      },
    });
  });

  it.each(kinds)('%s carries the extras that are not ours', (_, kind) => {
    const server = anMCPServer(
      askingFor(kind.kind),
      withSpec({
        extraLabels: { team: 'search', app: 'mine', 'mcp-server': 'other' },
        extraAnnotations: { note: 'hello', 'mcp.x-k8s.io/config-hash': 'x', 'mcp-lifecycle/applied-hash': 'x' },
      }),
    );
    const [child] = kind.build({ server, gateway: askedGateway });
    expect(child?.metadata.labels).toMatchObject({ team: 'search', app: 'mcp-server', 'mcp-server': 'search' });
    // Ingress controllers obey annotations: those of an Ingress are said for it, and judged.
    expect(child?.metadata.annotations).toEqual(kind.kind === 'Ingress' ? undefined : { note: 'hello' });
  });

  it.each(kinds)('%s says nothing empty or undefined', (_, kind) => {
    const server = anMCPServer(
      askingFor(kind.kind),
      withSpec({
        config: { arguments: [], env: [], envFrom: [] },
        runtime: { resources: {}, security: { serviceAccountName: '', podSecurityContext: {}, securityContext: {} } },
        source: { containerImage: { imagePullSecrets: [] } },
        network: { ingressFrom: [], egressTo: [], egressPorts: [] },
        extraLabels: {},
        extraAnnotations: {},
      }),
    );
    const [child] = kind.build({ server, gateway: askedGateway });
    expect(JSON.parse(JSON.stringify(child))).toStrictEqual(child);
    expect(JSON.stringify(child)).not.toMatch(/:(\{\}|\[\]|null|"")/);
  });
});

describe('Deployment', () => {
  it('runs one container of the image with the port of the server', () => {
    expect(build()).toMatchInlineSnapshot(`
     {
       "apiVersion": "apps/v1",
       "kind": "Deployment",
       "metadata": {
         "labels": {
           "app": "mcp-server",
           "app.kubernetes.io/instance": "search",
           "app.kubernetes.io/managed-by": "mcp-lifecycle",
           "app.kubernetes.io/name": "mcp-server",
           "mcp-server": "search",
         },
         "name": "search",
         "namespace": "mcp",
       },
       "spec": {
         "replicas": 1,
         "selector": {
           "matchLabels": {
             "mcp-server": "search",
           },
         },
         "strategy": {
           "rollingUpdate": {
             "maxSurge": 1,
             "maxUnavailable": 0,
           },
           "type": "RollingUpdate",
         },
         "template": {
           "metadata": {
             "labels": {
               "app": "mcp-server",
               "mcp-server": "search",
             },
           },
           "spec": {
             "automountServiceAccountToken": false,
             "containers": [
               {
                 "image": "ghcr.io/example/search:1.4.0",
                 "lifecycle": {
                   "preStop": {
                     "sleep": {
                       "seconds": 5,
                     },
                   },
                 },
                 "name": "mcp-server",
                 "ports": [
                   {
                     "containerPort": 8080,
                     "name": "mcp",
                     "protocol": "TCP",
                   },
                 ],
               },
             ],
             "enableServiceLinks": false,
             "terminationGracePeriodSeconds": 30,
           },
         },
       },
     }
    `);
  });

  it.each<[string, Option, object]>([
    ['arguments as args', withSpec({ config: { arguments: ['--port', '1'] } }), inContainer({ args: ['--port', '1'] })],
    [
      'the pull policy',
      withSpec({ source: { containerImage: { pullPolicy: 'Always' } } }),
      inContainer({ imagePullPolicy: 'Always' }),
    ],
    [
      'envFrom',
      withSpec({ config: { envFrom: [{ prefix: 'A_', configMapRef: { name: 'x' } }] } }),
      inContainer({ envFrom: [{ prefix: 'A_', configMapRef: { name: 'x' } }] }),
    ],
    [
      'an empty value as no value',
      withSpec({ config: { env: [{ name: 'A', value: '' }] } }),
      inContainer({ env: [{ name: 'A' }] }),
    ],
    [
      'the last variable of a name',
      withSpec({
        config: {
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '2' },
            { name: 'A', value: '3' },
          ],
        },
      }),
      inContainer({
        env: [
          { name: 'B', value: '2' },
          { name: 'A', value: '3' },
        ],
      }),
    ],
    [
      'probes as given',
      withSpec({ runtime: { health: { livenessProbe: { httpGet: { port: 1 } } } } }),
      inContainer({ livenessProbe: { httpGet: { port: 1 } } }),
    ],
    [
      'resources',
      withSpec({ runtime: { resources: { limits: { cpu: 1 } } } }),
      inContainer({ resources: { limits: { cpu: 1 } } }),
    ],
    [
      'pull secrets of the pod',
      withSpec({ source: { containerImage: { imagePullSecrets: [{ name: 'x' }] } } }),
      inPod({ imagePullSecrets: [{ name: 'x' }] }),
    ],
    [
      'the security context of the pod',
      withSpec({ runtime: { security: { podSecurityContext: { fsGroup: 1 } } } }),
      inPod({ securityContext: { fsGroup: 1 } }),
    ],
    ['zero replicas', withSpec({ runtime: { replicas: 0 } }), { spec: { replicas: 0 } }],
  ])('carries %s', (_, option, match) => {
    expect(build(option)).toMatchObject(match);
  });

  it('mounts storage in order, read-only unless the author says otherwise', () => {
    const storage = [
      {
        path: '/a',
        source: { type: 'ConfigMap' as const, configMap: { name: 'x', items: [{ key: 'k', path: 'p' }] } },
      },
      {
        path: '/b',
        permissions: 'RecursiveReadOnly' as const,
        source: { type: 'Secret' as const, secret: { secretName: 'y', optional: true } },
      },
      { path: '/c', permissions: 'ReadWrite' as const, source: { type: 'EmptyDir' as const, emptyDir: {} } },
    ];
    const server = withSpec({ config: { storage } });
    expect(build(server)).toMatchObject(
      inPod({
        volumes: [
          { name: 'vol-0', configMap: { name: 'x', items: [{ key: 'k', path: 'p' }] } },
          { name: 'vol-1', secret: { secretName: 'y', optional: true } },
          { name: 'vol-2', emptyDir: {} },
        ],
      }),
    );
    expect(build(server)).toMatchObject(
      inContainer({
        volumeMounts: [
          { name: 'vol-0', mountPath: '/a', readOnly: true },
          { name: 'vol-1', mountPath: '/b', readOnly: true, recursiveReadOnly: 'Enabled' },
          { name: 'vol-2', mountPath: '/c' },
        ],
      }),
    );
  });

  it('gives pods a token only when the author names a service account', () => {
    expect(build()).toMatchObject(inPod({ automountServiceAccountToken: false }));
    const named = build(withSpec({ runtime: { security: { serviceAccountName: 'viewer' } } }));
    expect(named).toMatchObject(inPod({ serviceAccountName: 'viewer' }));
    expect(named).not.toHaveProperty('spec.template.spec.automountServiceAccountToken');
  });

  it('restarts the pods when the configuration changes, and keeps the extras of the author', () => {
    const server = anMCPServer(withSpec({ extraAnnotations: { note: 'hello' } }));
    expect(deployment.build({ server, configHash: 'abc' })[0]).toHaveProperty('spec.template.metadata.annotations', {
      note: 'hello',
      'mcp.x-k8s.io/config-hash': 'abc',
    });
  });

  it('drops from the extras of the author what selects pods, and what is of the API or ours', () => {
    const of = { 'mcp.x-k8s.io/config-hash': 'theirs', 'mcp-lifecycle/applied-hash': 'theirs', note: 'hello' };
    const extraLabels = { app: 'theirs', 'mcp-server': 'theirs', team: 'a' };
    const built = build(withSpec({ extraLabels, extraAnnotations: of }));
    expect(JSON.stringify(built)).not.toContain('theirs');
    expect(built).toMatchObject({ metadata: { labels: { team: 'a' }, annotations: { note: 'hello' } } });
    expect(built).toMatchObject({
      spec: { template: { metadata: { labels: { team: 'a' }, annotations: { note: 'hello' } } } },
    });
  });

  it('has the timing of probes as its author says it, zeros included: the API server makes its defaults of them', () => {
    const readinessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 0, timeoutSeconds: 0 };
    const server = withSpec({ runtime: { health: { readinessProbe } } });
    expect(build(server)).toMatchObject(inContainer({ readinessProbe }));
  });
});

describe('Service', () => {
  it.each([
    [undefined, 'ClientIP'],
    [false, 'ClientIP'],
    [true, 'None'],
  ])('with stateless %s keeps a client with %s', (stateless, sessionAffinity) => {
    const server = anMCPServer(withSpec(stateless === undefined ? {} : { mcp: { stateless } }));
    expect(service.build({ server })[0]).toHaveProperty('spec', {
      type: 'ClusterIP',
      selector: { 'mcp-server': 'search' },
      ports: [{ name: 'mcp', port: 8080, targetPort: 'mcp', protocol: 'TCP' }],
      sessionAffinity,
    });
  });
});

describe('NetworkPolicy', () => {
  const podSelector = { matchLabels: { 'mcp-server': 'search' } };
  const ports = [{ protocol: 'TCP', port: 8080 }];
  const everyNamespace = { namespaceSelector: {} };
  const dnsPorts = [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ];

  it.each([
    ['nothing', {}, { policyTypes: ['Ingress'], ingress: [{ ports }] }],
    [
      'callers',
      { ingressFrom: [everyNamespace] },
      { policyTypes: ['Ingress'], ingress: [{ ports, from: [everyNamespace] }] },
    ],
    [
      'only where DNS is, which has no effect',
      { dnsEgressPeer: everyNamespace },
      { policyTypes: ['Ingress'], ingress: [{ ports }] },
    ],
    [
      'destinations',
      { egressTo: [everyNamespace] },
      {
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ ports }],
        egress: [{ ports: dnsPorts }, { to: [everyNamespace] }],
      },
    ],
    [
      'ports and where DNS is',
      { egressPorts: [{ port: 443 }], dnsEgressPeer: everyNamespace },
      {
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ ports }],
        egress: [{ ports: dnsPorts, to: [everyNamespace] }, { ports: [{ port: 443 }] }],
      },
    ],
  ])('of a spec that names %s', (_, network, spec) => {
    const server = anMCPServer(withSpec({ network }));
    expect(networkPolicy.build({ server })[0]).toHaveProperty('spec', { podSelector, ...spec });
  });

  describe('of a spec that names hosts, which no NetworkPolicy can', () => {
    const egressHosts = [{ host: 'api.example.com' }];
    const kubeDns = {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    };
    const egressOf = (network: Network): unknown => {
      const server = anMCPServer(withSpec({ network, extensions: { network: { egressHosts } } }));
      return networkPolicy.build({ server })[0]?.['spec'];
    };

    it('closes everything but DNS at one server of the cluster', () => {
      expect(egressOf({})).toMatchObject({
        policyTypes: ['Ingress', 'Egress'],
        egress: [{ ports: dnsPorts, to: [kubeDns] }],
      });
      expect(egressOf({ dnsEgressPeer: everyNamespace })).toMatchObject({
        egress: [{ ports: dnsPorts, to: [everyNamespace] }],
      });
    });

    it('opens the destinations that are named beside them', () => {
      expect(egressOf({ egressTo: [everyNamespace], egressPorts: [{ port: 5432 }] })).toMatchObject({
        egress: [
          { ports: dnsPorts, to: [kubeDns] },
          { ports: [{ port: 5432 }], to: [everyNamespace] },
        ],
      });
    });
  });
});

it('looks at each of 1,000 variables of one name a few times, not once for every other', () => {
  let reads = 0;
  const env = Array.from({ length: 1_000 }, (_, index) => ({
    get name() {
      reads += 1;
      return 'MODE';
    },
    value: String(index),
  }));
  const server = anMCPServer();
  const [child] = deployment.build({ server: { ...server, spec: { ...server.spec, config: { port: 8080, env } } } });
  expect(child).toMatchObject(inContainer({ env: [{ name: 'MODE', value: '999' }] }));
  expect(reads).toBeLessThanOrEqual(5 * env.length);
});
