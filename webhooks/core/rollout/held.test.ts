import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { canonicalJson } from '../engine/canonical-json.ts';
import type { KubernetesObject } from '../resources/expanded-kind.ts';
import { deploymentOfReplicaSet, heldDeployment, standingDeployment } from './held.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** As it was applied. */
const template = {
  metadata: { labels: { app: 'mcp-server' } },
  spec: {
    containers: [
      {
        name: 'mcp-server',
        image: 'example.com/search:1',
        args: ['--port', '8080'],
        env: [
          { name: 'TOKEN', value: 'literal' },
          { name: 'LEVEL', value: 'info' },
        ],
        ports: [{ name: 'mcp', containerPort: 8080, protocol: 'TCP' }],
      },
    ],
    volumes: [{ name: 'vol-0', emptyDir: {} }],
  },
};

const fieldsV1 = {
  'f:spec': {
    'f:template': {
      'f:metadata': { 'f:labels': { 'f:app': {} } },
      'f:spec': {
        'f:containers': {
          'k:{"name":"mcp-server"}': {
            '.': {},
            'f:args': {},
            'f:env': {
              'k:{"name":"LEVEL"}': { '.': {}, 'f:name': {}, 'f:value': {} },
              'k:{"name":"TOKEN"}': { '.': {}, 'f:name': {}, 'f:value': {} },
            },
            'f:image': {},
            'f:name': {},
            'f:ports': {
              'k:{"containerPort":8080,"protocol":"TCP"}': {
                ...{ '.': {}, 'f:containerPort': {}, 'f:name': {}, 'f:protocol': {} },
              },
            },
          },
        },
        'f:volumes': { 'k:{"name":"vol-0"}': { '.': {}, 'f:name': {}, 'f:emptyDir': {} } },
      },
    },
  },
};

const [container] = template.spec.containers;
const live = {
  metadata: {
    annotations: { 'mcp-lifecycle/template-hash': digest(canonicalJson(template)) },
    managedFields: [
      { manager: 'kube-controller-manager', operation: 'Update', subresource: 'status', fieldsV1: {} },
      { manager: 'mcp-lifecycle', operation: 'Apply', fieldsV1 },
    ],
  },
  spec: {
    template: {
      metadata: { labels: { app: 'mcp-server' }, annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } },
      spec: {
        containers: [
          { ...container, terminationMessagePath: '/dev/termination-log' },
          { name: 'sidecar', image: 'example.com/mesh:1' },
        ],
        dnsPolicy: 'ClusterFirst',
        volumes: template.spec.volumes,
      },
    },
  },
};

const wanted: KubernetesObject = {
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'search', namespace: 'mcp' } },
  spec: { replicas: 3, template: { spec: { containers: [{ name: 'mcp-server', image: 'example.com/search:2' }] } } },
};

describe('a Deployment whose template is held', () => {
  it('has the template that we applied, without what others and the API server added, and follows the spec otherwise', () => {
    expect(heldDeployment(wanted, live, digest)).toEqual({
      ...wanted,
      metadata: { ...wanted.metadata, annotations: live.metadata.annotations },
      spec: { replicas: 3, template },
    });
  });

  it.each<[string, object]>([
    ['a value', { ...container, image: 'example.com/other:1' }],
    ['an item of a list', { ...container, env: container?.env.slice(1) }],
  ])('is not known from there when somebody has changed %s', (_, changed) => {
    const spec = { template: { ...live.spec.template, spec: { ...live.spec.template.spec, containers: [changed] } } };
    expect(heldDeployment(wanted, { ...live, spec }, digest)).toBeUndefined();
  });

  it('has what is ours of the template that stands where nothing else is known, under the digest that it has', () => {
    const changed = { ...container, image: 'example.com/other:1' };
    const spec = { template: { ...live.spec.template, spec: { ...live.spec.template.spec, containers: [changed] } } };
    expect(standingDeployment(wanted, { ...live, spec })).toEqual({
      ...wanted,
      metadata: { ...wanted.metadata, annotations: live.metadata.annotations },
      spec: { replicas: 3, template: { ...template, spec: { ...template.spec, containers: [changed] } } },
    });
  });

  it('is not known from there when nothing of it is ours', () => {
    const metadata = { ...live.metadata, managedFields: [] };
    expect(heldDeployment(wanted, { ...live, metadata }, digest)).toBeUndefined();
    expect(standingDeployment(wanted, { ...live, metadata })).toBeUndefined();
  });
});

it('a template that is put back is that of the ReplicaSet, without what tells its pods apart, under its own digest', () => {
  const replicaSet = {
    spec: {
      template: {
        ...template,
        metadata: { creationTimestamp: null, labels: { app: 'mcp-server', 'pod-template-hash': '5d4f' } },
      },
    },
  };
  expect(deploymentOfReplicaSet(wanted, replicaSet, 'S')).toEqual({
    ...wanted,
    metadata: { ...wanted.metadata, annotations: { 'mcp-lifecycle/template-hash': 'S' } },
    spec: { replicas: 3, template },
  });
});
