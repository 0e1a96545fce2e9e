import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { applyDefaults } from '../defaults/apply.ts';
import { canonicalJson } from '../engine/canonical-json.ts';
import type { Option } from '../testing/builders.ts';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import { deployment } from './deployment.ts';
import { networkPolicy } from './network-policy.ts';
import { service } from './service.ts';

const env = [
  { name: 'PLAIN', value: '1' },
  { name: 'EMPTY', value: '' },
  { name: 'PLAIN', value: '2' },
  { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  { name: 'REGION', valueFrom: { configMapKeyRef: { name: 'settings', key: 'region', optional: true } } },
];
const storage = [
  { path: '/settings', source: { type: 'ConfigMap', configMap: { name: 'settings', defaultMode: 292 } } },
  {
    path: '/secret',
    permissions: 'RecursiveReadOnly',
    source: { type: 'Secret', secret: { secretName: 'secret', items: [{ key: 'a', path: 'b' }] } },
  },
  { path: '/tmp', permissions: 'ReadWrite', source: { type: 'EmptyDir', emptyDir: {} } },
];
const podSecurityContext = {
  runAsUser: 1000,
  fsGroup: 1000,
  sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }],
};

/**
 * What has been applied for servers that exist, as digests of 16 characters. Another digest here means that an upgrade
 * applies that object of all such servers anew; a Deployment's restarts their pods.
 */
it.each<[string, Option, readonly [Deployment: string, Service: string, NetworkPolicy: string]]>([
  ['that says nothing optional', withRawSpec({}), ['335e484777ff07a0', '053bec0e526ed951', '2af1d74b823ab96b']],
  [
    'with configuration of every kind',
    withRawSpec({
      source: { containerImage: { pullPolicy: 'Always', imagePullSecrets: [{ name: 'pull' }] } },
      config: { path: '/', arguments: ['--port', '8080'], env, envFrom: [{ secretRef: { name: 'token' } }], storage },
    }),
    ['67c5f7bbf0a1c0df', '053bec0e526ed951', '2af1d74b823ab96b'],
  ],
  [
    'with security, probes, resources and an account',
    withRawSpec({
      runtime: {
        replicas: 3,
        resources: { requests: { cpu: '10m' }, limits: { memory: '64Mi' } },
        security: { serviceAccountName: 'search', podSecurityContext, securityContext: { runAsNonRoot: true } },
        health: {
          livenessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 30 },
          readinessProbe: { tcpSocket: { port: 'mcp' } },
        },
      },
    }),
    ['23512fc926fa43dd', '053bec0e526ed951', '2af1d74b823ab96b'],
  ],
  [
    'with a network, labels and annotations',
    withRawSpec({
      mcp: { stateless: true },
      network: {
        ingressFrom: [{ podSelector: { matchLabels: { role: 'client' } } }],
        egressTo: [{ ipBlock: { cidr: '192.0.2.0/24' } }],
        egressPorts: [{ port: 443 }],
      },
      extraLabels: { team: 'a', app: 'mine' },
      extraAnnotations: { 'example.com/note': 'a', 'mcp.x-k8s.io/config-hash': 'x' },
    }),
    ['4f5d44f5dd4799b3', '384f44bd14bf5dec', '55dd26b913a22f45'],
  ],
])('the objects of a server %s stay what they are', (_, option, digests) => {
  const input = { server: applyDefaults(anMCPServer(option)), configHash: 'hash' };
  const objects = [deployment, service, networkPolicy].flatMap((kind) => kind.build(input));
  expect(objects.map((object) => digestOf(canonicalJson(object)))).toEqual(digests);
});

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
