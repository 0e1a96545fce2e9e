import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { applyDefaults } from '../defaults/apply.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { KubernetesObject } from '../resources/expanded-kind.ts';
import type { ExpandedKind } from '../resources/expanded-kind.ts';
import { expandedKinds as everyKind } from '../resources/index.gen.ts';
import { anMCPServer, withGeneration, withRawSpec, withReplicas, withSpec, withUid } from '../testing/builders.ts';
import { childOf } from './action.ts';
import type { Action } from './action.ts';
import type { ObservedChild } from './observed.ts';
import { ownerOf } from './ownership.ts';
import { plan } from './plan.ts';
import { asObserved } from './testing/as-observed.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
/** Those that every server has. */
const expandedKinds = everyKind.filter(({ requirement }) => requirement === 'required');
const ours = anMCPServer(withUid('u-1'), withGeneration(1));

function planFor(
  server: MCPServer,
  observed: readonly ObservedChild[],
  unwanted: readonly string[] = [],
): readonly Action[] {
  const defaulted = applyDefaults(server);
  const desired = expandedKinds
    .filter(({ kind }) => !unwanted.includes(kind))
    .flatMap((kind) => kind.build({ server: defaulted }));
  const kinds = expandedKinds.map((of) => (unwanted.includes(of.kind) ? { ...of, wanted: 'sometimes' as const } : of));
  return plan({ owner: ownerOf(defaulted), childKinds: kinds, desired, observed, digest });
}

const appliedBy = (server: MCPServer): readonly KubernetesObject[] =>
  planFor(server, []).flatMap((action) => (action.type === 'apply' ? [action.object] : []));

/** What exists after the server was reconciled, with changes to the Deployment. */
function existing(server: MCPServer, ofDeployment: Partial<ObservedChild> = {}): readonly ObservedChild[] {
  return appliedBy(server).map((object) => asObserved(object, object.kind === 'Deployment' ? ofDeployment : {}));
}

function without(child: ObservedChild, field: keyof ObservedChild): ObservedChild {
  return Object.fromEntries(Object.entries(child).filter(([name]) => name !== field)) as unknown as ObservedChild;
}

const summary = (actions: readonly Action[]): readonly string[] =>
  actions.map((action) => {
    const rest = action.type === 'conflict' ? action.message : action.type === 'apply' ? action.cause : 'unwanted';
    return `${action.type} ${action.of.kind}: ${rest}`;
  });

describe('plan', () => {
  it('creates what does not exist, without a uid, owned by the server', () => {
    const actions = planFor(ours, []);
    expect(summary(actions)).toEqual(expandedKinds.map(({ kind }) => `apply ${kind}: missing`));
    for (const action of actions) expect(action).not.toHaveProperty('uid');
    expect(appliedBy(ours)[0]?.metadata.ownerReferences).toEqual([
      {
        apiVersion: 'mcp.x-k8s.io/v1beta1',
        kind: 'MCPServer',
        name: 'search',
        uid: 'u-1',
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
  });

  it('does nothing when everything is as it was applied', () => {
    expect(planFor(ours, existing(ours))).toEqual([]);
  });

  it('changes only what the change concerns, under the uid of what exists', () => {
    const scaled = anMCPServer(withUid('u-1'), withReplicas(3));
    const actions = planFor(scaled, existing(ours));
    expect(summary(actions)).toEqual(['apply Deployment: changed']);
    expect(actions[0]).toMatchObject({ uid: 'uid-of-Deployment', object: { spec: { replicas: 3 } } });
  });

  const foreign = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'x', uid: 'u-9', controller: true };
  const former = {
    apiVersion: 'mcp.x-k8s.io/v1alpha1',
    kind: 'MCPServer',
    name: 'search',
    uid: 'u-0',
    controller: true,
  };

  it.each<[string, Partial<ObservedChild>, readonly string[]]>([
    [
      'a field of ours was changed by somebody',
      { ownedFields: '{"f:spec":{"f:replicas":{}}}' },
      ['apply Deployment: drift'],
    ],
    ['we own nothing of it', { ownedFields: '{}' }, ['apply Deployment: drift']],
    ['its annotation was removed', { appliedHash: '' }, ['apply Deployment: changed']],
    ['it is being deleted', { isDeleting: true }, []],
    ['it belongs to a former server of that name', { controller: former }, ['apply Deployment: adopted']],
    ['a former server, and it is being deleted', { controller: former, isDeleting: true }, []],
    [
      'it belongs to somebody else',
      { controller: foreign },
      ['conflict Deployment: Deployment search is owned by ReplicaSet/x (u-9), cannot be managed by MCPServer'],
    ],
    [
      'it belongs to another server',
      { controller: { ...former, name: 'other' } },
      ['conflict Deployment: Deployment search is owned by MCPServer/other (u-0), cannot be managed by MCPServer'],
    ],
    [
      'it belongs to a namesake of another group',
      { controller: { ...former, apiVersion: 'mcp.example/v1' } },
      ['conflict Deployment: Deployment search is owned by MCPServer/search (u-0), cannot be managed by MCPServer'],
    ],
  ])('when %s', (_, changes, wanted) => {
    expect(summary(planFor(ours, existing(ours, changes)))).toEqual(wanted);
  });

  it('refuses what nobody controls', () => {
    const observed = appliedBy(ours).map((object) =>
      asObserved({ ...object, metadata: { ...object.metadata, ownerReferences: [] } }),
    );
    expect(summary(planFor(ours, observed))).toContain(
      'conflict Service: Service search exists but has no controller owner; delete the resource first or choose a different name',
    );
  });

  it('takes control from a former owner without leaving two controllers', () => {
    const [action] = planFor(ours, existing(ours, { controller: former }));
    const owners = action?.type === 'apply' ? (action.object.metadata.ownerReferences ?? []) : [];
    expect(owners.map(({ uid, controller }) => [uid, controller])).toEqual([
      ['u-0', false],
      ['u-1', true],
    ]);
  });

  it('removes what unwanted, if it is ours', () => {
    expect(summary(planFor(ours, existing(ours), ['Deployment']))).toEqual(['delete Deployment: unwanted']);
    expect(planFor(ours, existing(ours, { controller: foreign }), ['Deployment'])).toEqual([]);
    expect(planFor(ours, existing(ours, { isDeleting: true }), ['Deployment'])).toEqual([]);
  });

  it('leaves what it did not apply, and what it has no right to delete', () => {
    const [deployment] = existing(ours);
    if (deployment === undefined) throw new Error('the first child is observed');
    const others = [
      // Of a kind that may be deleted, and not applied by us.
      { ...without(deployment, 'appliedHash'), name: 'of-the-owner' },
      { ...deployment, kind: 'Service', apiVersion: 'v1', name: 'by-hand' },
    ];
    expect(planFor(ours, [...existing(ours), ...others])).toEqual([]);
    const observed = existing(ours).toSpliced(0, 1, without(deployment, 'appliedHash'));
    expect(planFor(ours, observed, ['Deployment'])).toEqual([]);
  });

  it('cannot plan for a server that no cluster has stored', () => {
    expect(() => planFor(anMCPServer(), [])).toThrow('has no uid');
  });
});

describe('Recreate', () => {
  const recreated = anMCPServer(withUid('u-1'), withSpec({ extensions: { rollout: { strategy: 'Recreate' } } }));
  const strategyApplied = (ofDeployment: Partial<ObservedChild>): unknown =>
    planFor(recreated, existing(ours, ofDeployment)).map((action) => action.type === 'apply' && action.object['spec']);

  it("is applied at once where the fields that it replaces are ours, and a second apply follows where they are nobody's: the API server refused it", () => {
    expect(strategyApplied({})).toEqual([expect.objectContaining({ strategy: { type: 'Recreate' } })]);
    expect(strategyApplied({ ownedFields: '{"f:spec":{"f:replicas":{}}}' })).toEqual([
      expect.objectContaining({
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      }),
    ]);
  });

  it('is nothing to apply again', () => {
    expect(planFor(recreated, existing(recreated))).toEqual([]);
  });
});

describe('several objects of one kind', () => {
  const server = applyDefaults(ours);
  const named = (...names: readonly string[]): readonly KubernetesObject[] =>
    names.map((name) => ({
      ...{ apiVersion: 'v1', kind: 'ConfigMap' },
      metadata: { name, namespace: 'mcp' },
      data: { of: name },
    }));
  const configMaps: ExpandedKind = {
    ...{ apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', summary: 'Of a test.' },
    ...{ requirement: 'required', wanted: 'sometimes' },
    unavailable: { reason: 'ConfigMapUnavailable', order: 4, eventAction: 'x' },
    build: () => [],
  };
  const planNamed = (names: readonly string[], observed: readonly ObservedChild[]): readonly Action[] =>
    plan({ owner: ownerOf(server), childKinds: [configMaps], desired: named(...names), observed, digest });
  const seen = (...names: readonly string[]): readonly ObservedChild[] =>
    planNamed(names, []).flatMap((action) =>
      action.type === 'apply' ? [asObserved(action.object, { uid: `uid-of-${action.object.metadata.name}` })] : [],
    );
  const inShort = (actions: readonly Action[]): readonly string[] =>
    actions.map((action) => {
      const { name } = childOf(action);
      return `${action.type} ${name} ${action.type === 'conflict' ? '' : (action.uid ?? 'new')}`.trim();
    });

  it('are told apart by their names: each is created, kept, changed and removed by itself', () => {
    expect(inShort(planNamed(['a', 'b'], []))).toEqual(['apply a new', 'apply b new']);
    expect(planNamed(['a', 'b'], seen('a', 'b'))).toEqual([]);
    const drifted = seen('a', 'b').map((child) => (child.name === 'b' ? { ...child, ownedFields: '{}' } : child));
    expect(inShort(planNamed(['a', 'b'], drifted))).toEqual(['apply b uid-of-b']);
    expect(inShort(planNamed(['b', 'c'], seen('a', 'b')))).toEqual(['apply c new', 'delete a uid-of-a']);
  });

  it('conflict with what somebody else has of that name, and with nothing else', () => {
    const theirs = seen('b').map((child) => ({ ...child, controller: { ...foreignOwner, uid: 'u-9' } }));
    expect(inShort(planNamed(['a', 'b'], [...seen('a'), ...theirs]))).toEqual(['conflict b']);
    expect(planNamed(['a'], [...seen('a'), ...theirs])).toEqual([]);
  });
});

const foreignOwner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'x', controller: true };

const names = fc.stringMatching(/^[a-z]{1,8}$/);
const specs = fc.record(
  {
    config: fc.record(
      {
        arguments: fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }),
        env: fc.array(fc.record({ name: names, value: fc.string() }, { requiredKeys: ['name'] }), { maxLength: 4 }),
        envFrom: fc.array(fc.record({ configMapRef: fc.record({ name: names }) }), { maxLength: 2 }),
        storage: fc.uniqueArray(
          fc.record({
            path: names.map((name) => `/${name}`),
            permissions: fc.constantFrom('ReadOnly', 'ReadWrite', 'RecursiveReadOnly'),
            source: fc.constantFrom(
              { type: 'EmptyDir', emptyDir: {} },
              { type: 'Secret', secret: { secretName: 's' } },
            ),
          }),
          { minLength: 1, maxLength: 4, selector: ({ path }) => path },
        ),
      },
      { requiredKeys: [] },
    ),
    runtime: fc.record(
      { replicas: fc.nat(5), resources: fc.constantFrom({}, { limits: { cpu: 1 } }) },
      { requiredKeys: [] },
    ),
    mcp: fc.record({ stateless: fc.boolean() }, { requiredKeys: [] }),
    network: fc.record(
      {
        ingressFrom: fc.constantFrom([], [{ podSelector: {} }]),
        egressTo: fc.constantFrom([], [{ namespaceSelector: {} }]),
      },
      { requiredKeys: [] },
    ),
    extraLabels: fc.dictionary(names, names),
    extraAnnotations: fc.dictionary(names, fc.string()),
  },
  { requiredKeys: [] },
);

it('planning the desired state is empty, whatever the server', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const server = anMCPServer(withUid('u-1'), withRawSpec(spec));
      expect(planFor(server, existing(server))).toEqual([]);
    }),
  );
});

it('a difference in what is wanted is never overlooked', () => {
  const other = anMCPServer(withUid('u-1'), withSpec({ config: { path: '/other', env: [{ name: 'A', value: 'b' }] } }));
  expect(planFor(other, existing(ours))).toHaveLength(1);
});
