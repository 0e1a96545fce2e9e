import { createHash } from 'node:crypto';
import { describe, expect, it, jest } from '@jest/globals';
import { applyDefaults } from '../../defaults/apply.ts';
import type { MCPServer } from '../../mcpserver/types.gen.ts';
import type { KubernetesObject } from '../../resources/expanded-kind.ts';
import { expandedKinds } from '../../resources/index.gen.ts';
import type { Action } from '../action.ts';
import { ownerOf } from '../ownership.ts';
import { plan } from '../plan.ts';
import { asObserved } from '../testing/as-observed.ts';
import { nextManagedFields, findForeign, hasStrategyOfOthers, isReferenceStatus } from './claim.ts';
import { ownPlaces, placesOfOthers } from './places.ts';
import { keptAdditions, removedAdditions } from './testing/additions.ts';
import { applied, fromManagedFields, toManagedFields, updated, valuesOf } from './testing/apply-model.ts';
import type { Stored } from './testing/apply-model.ts';
import { aFullServer, aFullStdioServer } from './testing/full-server.ts';
import { mutationsOf } from './testing/mutations.ts';
import type { Mutation } from './testing/mutations.ts';

type Fields = Readonly<Record<string, unknown>>;

const us = 'mcp-lifecycle Apply';
const them = 'kubectl-edit Update';
const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** What is planned for the children of one server. */
interface Planned {
  readonly planFor: (observed: Parameters<typeof plan>[0]['observed']) => readonly Action[];
  readonly wantedObjects: readonly KubernetesObject[];
  readonly wantedOf: (kind: string) => KubernetesObject;
}

function plannedFor(described: MCPServer): Planned {
  const server = applyDefaults(described);
  const desired = expandedKinds.flatMap((kind) => kind.build({ server, configHash: 'hash' }));
  const planFor: Planned['planFor'] = (observed) =>
    plan({ owner: ownerOf(server), childKinds: expandedKinds, desired, observed, digest });
  const wantedObjects = planFor([]).flatMap((action) => (action.type === 'apply' ? [action.object] : []));
  const wantedOf = (kind: string): KubernetesObject => {
    const found = wantedObjects.find((object) => object.kind === kind);
    if (found === undefined) throw new Error(`no ${kind} is applied`);
    return found;
  };
  return { planFor, wantedObjects, wantedOf };
}

const full = plannedFor(aFullServer());
const { wantedOf } = full;
const forStdio = plannedFor(aFullStdioServer());

/** As it is stored after our first apply. */
const created = (wanted: KubernetesObject): Stored =>
  applied({ values: new Map(), owners: new Map() }, valuesOf(wanted), us);

/** The object as somebody left it, with who owns what. */
function stored(object: Fields, state: Stored): Fields & { readonly kind: string } {
  const managedFields = toManagedFields(state, object['apiVersion']);
  return { ...object, kind: String(object['kind']), metadata: { ...(object['metadata'] as Fields), managedFields } };
}

/** What is planned for an object that somebody changed, and what it is after that was carried out. */
function repair(
  wanted: KubernetesObject,
  { change }: Mutation,
  { planFor, wantedObjects }: Planned = full,
): { readonly action?: Action; readonly after: Stored } {
  const changed = change(wanted);
  const state = updated(created(wanted), valuesOf(changed), them);
  const child = stored(changed, state);
  const entries = toManagedFields(state, wanted.apiVersion);
  const ours = entries.find(({ operation }) => operation === 'Apply')?.['fieldsV1'];
  const foreign = findForeign(child);
  const metadata = changed['metadata'] as { readonly annotations?: Readonly<Record<string, string>> };
  const seen = asObserved(wanted, {
    ownedFields: JSON.stringify(ours ?? {}),
    appliedHash: metadata.annotations?.['mcp-lifecycle/applied-hash'] ?? '',
    ...(foreign === undefined ? {} : { foreign }),
  });
  const others = wantedObjects.filter(({ kind }) => kind !== wanted.kind).map((object) => asObserved(object));
  const [action] = planFor([seen, ...others]);
  if (action?.type !== 'apply') return { after: state };
  const claimed = action.claims === undefined ? undefined : nextManagedFields(child);
  const owners = claimed === undefined ? state.owners : fromManagedFields(claimed);
  return { action, after: applied({ values: state.values, owners }, valuesOf(action.object), us) };
}

describe.each([
  ...['Deployment', 'Service', 'NetworkPolicy', 'CiliumNetworkPolicy'].map((kind) => [kind, kind, full] as const),
  ['Deployment for stdio', 'Deployment', forStdio] as const,
])('a field that we apply in a %s', (_, kind, planned) => {
  const wanted = planned.wantedOf(kind);
  // One more of these is no way out of anything, and may stay: see `placesOfOthers`.
  const ofOthers = ['imagePullSecrets', 'topologySpreadConstraints'];
  const harmless = new Set(ofOthers.map((field) => `added beside: spec.template.spec.${field}`));
  // Nor is an init container of another name, which gets no call.
  const ofInitContainer = /^(?:renamed|added beside): spec\.template\.spec\.initContainers(?:\[[^\]]+\])?$/;
  const mutations = mutationsOf(wanted).filter(({ name }) => !harmless.has(name) && !ofInitContainer.test(name));

  it('has ways to be changed', () => {
    expect(mutations.length).toBeGreaterThan(kind === 'Deployment' ? 100 : 10);
  });

  it.each(mutations)('is brought back: $name', (mutation) => {
    const { action, after } = repair(wanted, mutation, planned);
    expect(action).toMatchObject({ type: 'apply', of: { kind } });
    const isKept = (path: string): boolean => ofOthers.some((field) => path.includes(field));
    expect([...after.values].filter(([path]) => !isKept(path)).sort()).toEqual(
      [...valuesOf(wanted)].filter(([path]) => !isKept(path)).sort(),
    );
    for (const [path, value] of valuesOf(wanted)) expect(after.values.get(path)).toBe(value);
  });
});

describe('what others add to a child', () => {
  it.each(removedAdditions)('goes: $name [$kind $row]', (addition) => {
    const wanted = wantedOf(addition.kind);
    const { action, after } = repair(wanted, addition);
    expect(action).toMatchObject({ type: 'apply', of: { kind: addition.kind } });
    const left = [...after.values].filter(([path]) => !path.includes('of-sidecar'));
    expect(left.sort()).toEqual([...valuesOf(wanted)].sort());
  });

  it.each(keptAdditions)('stays: $name [$kind $row]', (addition) => {
    const wanted = wantedOf(addition.kind);
    const { action, after } = repair(wanted, addition);
    expect(action).toBeUndefined();
    expect(after.values.size).toBeGreaterThan(valuesOf(wanted).size);
  });

  it('has a test for each row of both tables', () => {
    const rows = (table: readonly { readonly kind: string; readonly field: string }[]): readonly string[] =>
      table.map(({ kind, field }) => `${kind} ${field}`).sort();
    const tested = (additions: readonly { readonly kind: string; readonly row: string }[]): readonly string[] =>
      [...new Set(additions.map(({ kind, row }) => `${kind} ${row}`))].sort();
    expect(tested(removedAdditions)).toEqual(rows(ownPlaces));
    expect(tested(keptAdditions)).toEqual(rows(placesOfOthers));
  });
});

describe('findForeign', () => {
  const wanted = wantedOf('Deployment');
  const withEntry = (entry: Fields, pod: Fields = {}): Fields => {
    const [ours] = toManagedFields(created(wanted), 'apps/v1');
    return {
      ...wanted,
      spec: { ...(wanted['spec'] as Fields), ...pod },
      metadata: { ...wanted.metadata, managedFields: [ours, { apiVersion: 'apps/v1', ...entry }] },
    };
  };
  const ofPod = (fields: Fields): Fields => ({ 'f:spec': { 'f:template': { 'f:spec': fields } } });
  const hostNetwork = ofPod({ 'f:hostNetwork': {} });

  it('finds nothing in what we applied alone', () => {
    expect(findForeign(stored(wanted, created(wanted)))).toBeUndefined();
    expect(nextManagedFields(stored(wanted, created(wanted)))).toBeUndefined();
  });

  it('names the field and who wrote it', () => {
    expect(findForeign(withEntry({ manager: 'kubectl-patch', operation: 'Update', fieldsV1: hostNetwork }))).toEqual({
      fields: [{ path: 'spec.template.spec.hostNetwork', manager: 'kubectl-patch' }],
      more: 0,
      isTakeOver: false,
    });
  });

  it.each([
    ['an apply of another manager', { manager: 'flux', operation: 'Apply' }],
    ['an update under our name, which we never make', { manager: 'mcp-lifecycle', operation: 'Update' }],
  ])('counts %s', (_, by) => {
    expect(findForeign(withEntry({ ...by, fieldsV1: hostNetwork }))?.fields).toHaveLength(1);
  });

  it.each([
    ['status, written by its controller', { subresource: 'status', fieldsV1: hostNetwork }],
    ['a field that we own as well: its value is ours', { fieldsV1: ofPod({ 'f:automountServiceAccountToken': {} }) }],
    ['no tree', { fieldsV1: 'f:spec' }],
    ['nothing', {}],
  ])('does not count %s', (_, entry) => {
    expect(findForeign(withEntry({ manager: 'other', operation: 'Update', ...entry }))).toBeUndefined();
  });

  it.each([
    [true, 'who patched it', { manager: 'kubectl-patch', operation: 'Update' }, {}],
    [
      false,
      'the reference operator, which wrote the defaults when it made the object: that is taken over',
      { manager: 'manager', operation: 'Update' },
      { 'f:selector': {} },
    ],
  ])('a strategy is of others: %s, of %s', (isOfOthers, _, by, besides) => {
    const fieldsV1 = { 'f:spec': { 'f:strategy': { 'f:type': {} }, ...besides } };
    expect(hasStrategyOfOthers(withEntry({ ...by, fieldsV1 }))).toBe(isOfOthers);
    expect(hasStrategyOfOthers(stored(wanted, created(wanted)))).toBe(false);
  });

  it('names a key whose value nests deeper than any without following it', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const env = { [`k:{"name":${deep}}`]: {} };
    const fieldsV1 = ofPod({ 'f:containers': { 'k:{"name":"mcp-server"}': { 'f:env': env } } });
    const found = findForeign(withEntry({ manager: 'x', operation: 'Update', fieldsV1 }));
    expect(found?.fields).toEqual([{ path: 'spec.template.spec.containers[mcp-server].env[]', manager: 'x' }]);
    const mounts = { [`k:{"mountPath":${deep}}`]: {} };
    const sidecar = ofPod({ 'f:containers': { [`k:{"name":${deep}}`]: { 'f:volumeMounts': mounts } } });
    const volumes = { volumes: [{ name: 'etc', hostPath: { path: '/etc' } }] };
    const template = {
      spec: { containers: [{ name: 'x', volumeMounts: [{ name: 'etc', mountPath: '/' }] }], ...volumes },
    };
    expect(
      findForeign(withEntry({ manager: 'x', operation: 'Update', fieldsV1: sidecar }, { template })),
    ).toBeUndefined();
  });

  it('keeps little of a manager that owns a thousand fields with names that hide something', () => {
    const env = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, index) => [`k:{"name":"\u202e${'x'.repeat(500)}${index}"}`, {}]),
    );
    const fieldsV1 = ofPod({ 'f:containers': { 'k:{"name":"mcp-server"}': { 'f:env': env } } });
    const found = findForeign(withEntry({ manager: '\u0000'.repeat(500), operation: 'Update', fieldsV1 }));
    expect(found).toMatchObject({ more: 995 });
    expect(found?.fields).toHaveLength(5);
    expect(JSON.stringify(found).length).toBeLessThan(4_000);
    expect(JSON.stringify(found)).not.toMatch(/\\u0000|\u202e/);
  });

  it('brings back the type of a volume of ours, whoever mounts it', () => {
    const fieldsV1 = ofPod({ 'f:volumes': { 'k:{"name":"vol-0"}': { 'f:hostPath': { 'f:path': {} } } } });
    const spec = { volumes: [{ name: 'vol-0', hostPath: { path: '/' } }] };
    const injected = { name: 'injected', volumeMounts: [{ name: 'vol-0', mountPath: '/x' }] };
    const template = { spec: { ...spec, containers: [injected] } };
    const child = withEntry({ manager: 'x', operation: 'Update', fieldsV1 }, { template });
    expect(findForeign(child)?.fields).toEqual([{ path: 'spec.template.spec.volumes[vol-0].hostPath', manager: 'x' }]);
  });

  it('does linear work for thousands of volumes of the node with a mount each', () => {
    const names = Array.from({ length: 5_000 }, (_, index) => `v${index}`);
    const volumes = names.map((name) => ({ name, hostPath: { path: '/' } }));
    const volumeMounts = names.map((name) => ({ name, mountPath: `/${name}` }));
    const template = { spec: { containers: [{ name: 'sidecar', volumeMounts }], volumes } };
    const keyed = (key: string, keys: readonly string[]): Fields =>
      Object.fromEntries(keys.map((value) => [`k:${JSON.stringify({ [key]: value })}`, { '.': {}, 'f:name': {} }]));
    const sidecar = {
      'f:volumeMounts': keyed(
        'mountPath',
        volumeMounts.map(({ mountPath }) => mountPath),
      ),
    };
    const fieldsV1 = ofPod({
      'f:containers': { 'k:{"name":"sidecar"}': { '.': {}, ...sidecar } },
      'f:volumes': keyed('name', names),
    });
    const child = withEntry({ manager: 'x', operation: 'Update', fieldsV1 }, { template });
    const parse = jest.spyOn(JSON, 'parse');
    expect(findForeign(child)).toMatchObject({ more: 9_995 });
    const claimed = nextManagedFields(child) ?? [];
    const parses = parse.mock.calls.length;
    parse.mockRestore();
    expect(parses).toBeLessThan(20 * names.length);
    expect(claimed.map(({ manager }) => manager)).toEqual(['mcp-lifecycle']);
    expect(JSON.stringify(claimed.find(({ manager }) => manager === 'mcp-lifecycle'))).toContain('/v4999');
  });

  it('follows no tree deeper than objects are', () => {
    const deep = (depth: number): Fields => {
      let node: Fields = {};
      for (let level = 0; level < depth; level += 1) node = { 'f:a': node };
      return node;
    };
    const fieldsV1 = ofPod({ 'f:hostNetwork': deep(10_000), 'f:securityContext': deep(10_000) });
    const child = withEntry({ manager: 'x', operation: 'Update', fieldsV1 });
    expect(findForeign(child)?.fields).toHaveLength(2);
    expect(JSON.stringify(nextManagedFields(child)).length).toBeLessThan(20_000);
    const entry = { apiVersion: 'apps/v1', fieldsV1: ofPod({ 'f:hostNetwork': deep(10_000), 'f:hostPID': {} }) };
    const ours = { ...entry, manager: 'mcp-lifecycle', operation: 'Apply' };
    const managedFields = [ours, { ...entry, manager: 'x', operation: 'Update' }];
    const tampered = { ...child, metadata: { managedFields } };
    expect(findForeign(tampered)?.fields).toHaveLength(1);
    expect(JSON.stringify(nextManagedFields(tampered)).length).toBeLessThan(20_000);
  });

  it('leaves a volume of the node alone when somebody mounts it whose mount would stay without it', () => {
    const volume = { name: 'etc', hostPath: { path: '/etc' } };
    const mounted = { name: 'injected', volumeMounts: [{ name: 'etc', mountPath: '/etc' }] };
    const template = { spec: { containers: [mounted], volumes: [volume] } };
    const fieldsV1 = ofPod({ 'f:volumes': { 'k:{"name":"etc"}': { '.': {}, 'f:hostPath': {}, 'f:name': {} } } });
    expect(findForeign(withEntry({ manager: 'x', operation: 'Update', fieldsV1 }, { template }))).toBeUndefined();
  });
});

it.each([
  ['an apply of status by the reference operator', true, {}],
  ['a write of its spec', false, { subresource: '' }],
  ['a status of ours', false, { manager: 'mcp-lifecycle-status' }],
  ['a status of a gateway', false, { manager: 'gateway' }],
])('knows %s', (_, expected, changes) => {
  const entry = { manager: 'mcpserver-controller', operation: 'Apply', subresource: 'status', ...changes };
  expect(isReferenceStatus({ metadata: { managedFields: [entry] } })).toBe(expected);
});

describe('a child that the reference operator made', () => {
  const wanted = wantedOf('Deployment');
  const leftovers = (live: Fields): Fields =>
    removedAdditions
      .filter(({ name }) => ['env variable', 'source of env variables', 'volume of our names'].includes(name))
      .reduce((object, { change }) => change(object), live);
  const theirs: Fields = {
    ...leftovers(wanted),
    metadata: {
      ...wanted.metadata,
      annotations: { 'mcp.x-k8s.io/managed-extra-labels': '{}' },
      labels: { app: 'mcp-server', 'mcp-server': 'search', dropped: 'label' },
    },
  };

  it.each([
    ['is new to us', undefined],
    ['was adopted by an earlier release, without its fields', us],
  ])('is taken over whole, and loses what the spec dropped, when it %s', (_, earlier) => {
    const made = updated({ values: new Map(), owners: new Map() }, valuesOf(theirs), 'manager Update');
    const state = earlier === undefined ? made : applied(made, valuesOf(wanted), earlier);
    const child = stored(theirs, state);
    expect(findForeign(child)).toMatchObject({ isTakeOver: true });
    const claimed = nextManagedFields(child) ?? [];
    expect(claimed.map(({ manager, operation }) => `${String(manager)} ${String(operation)}`)).toEqual([us]);
    const after = applied({ values: state.values, owners: fromManagedFields(claimed) }, valuesOf(wanted), us);
    expect([...after.values].sort()).toEqual([...valuesOf(wanted)].sort());
    // and once is enough
    expect(findForeign(stored(wanted, after))).toBeUndefined();
  });

  it.each(removedAdditions)('loses what somebody patched onto it: $name [$kind $row]', ({ kind, change }) => {
    const object = wantedOf(kind);
    const made = updated({ values: new Map(), owners: new Map() }, valuesOf(object), 'manager Update');
    const patched = change(object);
    const state = updated(made, valuesOf(patched), them);
    const owners = fromManagedFields(nextManagedFields(stored(patched, state)) ?? []);
    const after = applied({ values: state.values, owners }, valuesOf(object), us);
    const left = [...after.values].filter(([path]) => !path.includes('of-sidecar'));
    expect(left.sort()).toEqual([...valuesOf(object)].sort());
  });

  it.each(['Service', 'NetworkPolicy'])('is not a %s whose selector another program of that name changed', (kind) => {
    const object = wantedOf(kind);
    const selector = kind === 'Service' ? 'selector' : 'podSelector';
    const changed = {
      ...object,
      spec: { ...(object['spec'] as Fields), [selector]: { other: 'x' } },
      metadata: { ...object.metadata, labels: { ...object.metadata.labels, note: 'x' } },
    };
    const state = updated(created(object), valuesOf(changed), 'manager Update');
    expect(findForeign(stored(changed, state))?.isTakeOver ?? false).toBe(false);
  });

  it('is not what another program of that name only touched: it keeps what it wrote', () => {
    const child = stored(theirs, updated(created(wanted), valuesOf(theirs), 'manager Update'));
    expect(findForeign(child)).toMatchObject({ isTakeOver: false });
    const claimed = JSON.stringify(nextManagedFields(child)?.filter(({ manager }) => manager === 'manager'));
    expect(claimed).toContain('f:dropped');
  });
});
