import { describe, expect, it } from '@jest/globals';
import { nextManagedFields } from '../core/plan/foreign/claim.ts';
import type { KubernetesObject } from '../core/resources/expanded-kind.ts';
import { standingDeployment } from '../core/rollout/held.ts';
import { observeChild, observeDeployment } from './observe.ts';

const container = (fields: object): object => ({
  name: 'mcp-server',
  securityContext: {
    ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  },
  ...fields,
});

/** A Deployment in which another manager owns fields of the pod. */
function aDeployment(pod: object, owned: object | undefined): unknown {
  const fieldsV1 = { 'f:spec': { 'f:template': { 'f:spec': owned } } };
  const theirs = { manager: 'kubectl-edit', operation: 'Update', apiVersion: 'apps/v1', fieldsV1 };
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
    metadata: { name: 'search', namespace: 'mcp', ...(owned === undefined ? {} : { managedFields: [theirs] }) },
    spec: { template: { spec: { automountServiceAccountToken: false, containers: [container({})], ...pod } } },
  };
}

/** A container that somebody added, written by them, or by mutating admission into our own request. */
const besides = (isTheirs: boolean): unknown => {
  const sidecar = { name: 'proxy', securityContext: { privileged: true } };
  const owned = {
    'f:containers': { 'k:{"name":"proxy"}': { '.': {}, 'f:securityContext': { '.': {}, 'f:privileged': {} } } },
  };
  return aDeployment({ containers: [container({}), sidecar] }, isTheirs ? owned : undefined);
};

it.each([
  ['is said to be of who wrote it', true, 'kubectl-edit'],
  ["is nobody's when it came with our own request", false, undefined],
])('a privileged sidecar %s', (_, isTheirs, manager) => {
  expect(observeChild(besides(isTheirs))?.weaknesses).toEqual([
    expect.objectContaining({
      path: 'spec.template.spec.containers[proxy].securityContext.privileged',
      ...(manager === undefined ? {} : { manager }),
    }),
  ]);
  expect(observeChild(besides(isTheirs))?.weaknesses?.[0]?.manager).toBe(manager);
});

it.each<[string, object, true | undefined]>([
  [
    'those that we give who says nothing',
    { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
    true,
  ],
  ['some of them', { requests: { cpu: '50m', memory: '64Mi' } }, undefined],
  ['others', { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '1', memory: '256Mi' } }, undefined],
  ['none', {}, undefined],
])('of the resources of our container it is known whether they are our defaults: %s', (_, resources, isDefault) => {
  const pod = { containers: [{ name: 'proxy' }, container({ resources })] };
  expect(observeChild(aDeployment(pod, undefined))?.hasDefaultResources).toBe(isDefault);
});

it.each<[string, object, number | undefined]>([
  ['complete', { reason: 'NewReplicaSetAvailable', lastUpdateTime: '2026-01-01T00:00:00Z' }, 1_767_225_600_000],
  ['not complete', { reason: 'ReplicaSetUpdated', lastUpdateTime: '2026-01-01T00:00:00Z' }, undefined],
  ['of a controller that does not say when', { reason: 'NewReplicaSetAvailable' }, undefined],
])('of a rollout it is known since when it is complete: %s', (_, progressing, since) => {
  const conditions = [{ type: 'Progressing', status: 'True', ...progressing }];
  expect(observeDeployment({ ...(aDeployment({}, undefined) as object), status: { conditions } })?.completeMs).toBe(
    since,
  );
});

const weaknessesIn = (raw: unknown): readonly string[] => (observeChild(raw)?.weaknesses ?? []).map(({ path }) => path);

describe('what makes a pod weaker, and is not laid to a webhook when a person wrote it', () => {
  const ofOurs = (fields: object): object => ({ 'f:containers': { 'k:{"name":"mcp-server"}': fields } });

  it('is known by the owner, also of the sixth field and those after it', () => {
    const pod = { hostNetwork: true, hostPID: true, hostIPC: true, shareProcessNamespace: true };
    const more = { hostAliases: [{ ip: '10.0.0.1' }], dnsConfig: { nameservers: ['10.0.0.1'] } };
    const owned = Object.fromEntries(Object.keys({ ...pod, ...more }).map((name) => [`f:${name}`, {}]));
    expect(weaknessesIn(aDeployment({ ...pod, ...more }, owned))).toEqual([]);
    expect(weaknessesIn(aDeployment({ ...pod, ...more }, undefined))).toHaveLength(6);
  });

  it.each([
    [
      'a port of the node',
      { ports: [{ containerPort: 9, hostPort: 9 }] },
      { 'f:ports': { 'k:{"containerPort":9,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:hostPort': {} } } },
    ],
    [
      'a capability',
      {
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
        },
      },
      { 'f:securityContext': { 'f:capabilities': { 'f:add': {} } } },
    ],
    [
      'a hook',
      { lifecycle: { postStart: { exec: { command: ['sh'] } } } },
      { 'f:lifecycle': { '.': {}, 'f:postStart': {} } },
    ],
  ])('is known for %s', (_, fields, owned) => {
    const pod = { containers: [container(fields)] };
    expect(weaknessesIn(aDeployment(pod, ofOurs(owned)))).toEqual([]);
    expect(weaknessesIn(aDeployment(pod, undefined))).toHaveLength(1);
  });

  it('stays the webhook’s beside a field of a person', () => {
    expect(weaknessesIn(aDeployment({ hostPID: true, hostIPC: true }, { 'f:hostPID': {} }))).toEqual([
      'spec.template.spec.hostIPC',
    ]);
  });
});

describe('what we have applied of a child', () => {
  const wanted: KubernetesObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'search', namespace: 'mcp' },
  };
  const ofTemplate = {
    'f:metadata': { 'f:annotations': { 'f:marker': {} } },
    'f:spec': { 'f:template': { 'f:spec': { 'f:automountServiceAccountToken': {} } } },
  };
  const theirs = { 'f:spec': { 'f:template': { 'f:spec': { 'f:hostPID': {} } } } };

  it.each<[string, object, boolean]>([
    ['an entry of our own apply', {}, true],
    ['one of another version of the API (it was ours for two of three)', { apiVersion: 'apps/v1beta2' }, false],
    ['one of the status', { subresource: 'status' }, false],
    ['one of an update under our name', { operation: 'Update' }, false],
    ['one of somebody else', { manager: 'kubectl' }, false],
  ])('is in %s, alike for all who read it', (_, more, isOurs) => {
    const common = { apiVersion: 'apps/v1', operation: 'Apply' };
    const raw = {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
      metadata: {
        ...{ name: 'search', namespace: 'mcp' },
        managedFields: [
          { ...common, manager: 'mcp-lifecycle', fieldsV1: ofTemplate, ...more },
          { ...common, manager: 'kubectl-edit', operation: 'Update', fieldsV1: theirs },
        ],
      },
      spec: { template: { spec: { automountServiceAccountToken: false, hostPID: true, containers: [] } } },
    };
    const [claimed] = nextManagedFields(raw) ?? [];
    expect({
      observed: observeChild(raw)?.ownedFields !== undefined,
      held: standingDeployment(wanted, raw) !== undefined,
      claimed: JSON.stringify(claimed).includes('f:marker'),
    }).toEqual({ observed: isOurs, held: isOurs, claimed: isOurs });
  });
});
