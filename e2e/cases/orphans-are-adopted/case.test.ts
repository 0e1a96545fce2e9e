/** @alone it stops the garbage collector and all other controllers of the cluster. */
import { describe, expect, it } from '@jest/globals';
import { applyObject } from '../../../webhooks/platform/kube/apply.ts';
import { connectToCluster } from '../../../webhooks/platform/kube/connect.ts';
import { whileNothingIsCollected } from '../../harness/controller-manager.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, list, without, type KubeObject } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

interface Owner {
  readonly uid: string;
  readonly controller?: boolean;
}

const kinds = ['deployments', 'services', 'networkpolicies'] as const;

describe('what an MCPServer of the same name left behind', () => {
  const namespace = useNamespace();

  const childrenOf = (name: string): Promise<readonly KubeObject[]> =>
    list({ namespace }, kinds.join(','), `mcp-server=${name}`);
  /** As `childrenOf`, and who owns their fields; the Deployment is first. */
  const withManagers = async (name: string): Promise<readonly ManagedObject[]> => {
    const which = [kinds.join(','), '--namespace', namespace, '--selector', `mcp-server=${name}`];
    const text = await kubectlOk(['get', ...which, '--show-managed-fields', '--output', 'json']);
    return (JSON.parse(text) as { readonly items: readonly ManagedObject[] }).items;
  };
  const managersOf = async (name: string): Promise<readonly (readonly string[])[]> =>
    (await withManagers(name)).map(({ metadata }) =>
      metadata.managedFields
        .filter(({ subresource }) => subresource === undefined)
        .map(({ manager, operation }) => `${manager} ${operation}`),
    );
  /** There is one of each kind, and each is so. */
  const untilEach = (what: string, name: string, isSo: (child: KubeObject) => boolean): Promise<unknown> =>
    eventually(
      what,
      async () => {
        const children = await childrenOf(name);
        return children.length === kinds.length && children.every(isSo);
      },
      { describe: () => childrenOf(name) },
    );
  const ownersOf = ({ metadata }: KubeObject): readonly Owner[] =>
    // kubectl prints the metadata as the API server sent it.
    ((metadata as { readonly ownerReferences?: readonly Owner[] }).ownerReferences ?? []).map(
      ({ uid, controller }) => ({
        uid,
        controller: controller ?? false,
      }),
    );
  /** Writes our own children back as a restored backup would bring them: with the owner of another life. */
  const restore = async (
    name: string,
    children: readonly KubeObject[],
    owner: object,
    manager = 'restore',
  ): Promise<void> => {
    const items = children.map(({ apiVersion, kind, metadata, spec }) => ({
      apiVersion,
      kind,
      metadata: { name: metadata.name, labels: metadata.labels, ownerReferences: [owner] },
      // A Service gets a new address.
      spec: without(spec, 'clusterIP', 'clusterIPs'),
    }));
    const create = ['create', '--namespace', namespace, '--field-manager', manager, '--filename', '-'];
    await kubectlOk(create, { apiVersion: 'v1', kind: 'List', items });
    expect((await childrenOf(name)).length).toBe(kinds.length);
  };
  const removeServer = async (name: string): Promise<readonly KubeObject[]> => {
    await apply(namespace, kubernetesServer(name));
    await untilCondition(namespace, name, { type: 'Verified', status: 'True' });
    const children = await childrenOf(name);
    await kubectlOk(['delete', 'mcpserver', name, '--namespace', namespace]);
    await eventually('its children are collected', async () => (await childrenOf(name)).length === 0);
    return children;
  };
  const former = (name: string, changes: object = {}): object => ({
    ...{ apiVersion: 'mcp.x-k8s.io/v1alpha1', kind: 'MCPServer', name, controller: true, blockOwnerDeletion: true },
    uid: '11111111-2222-4333-8444-555555555555',
    ...changes,
  });

  it('is adopted while its controller is that server, and outlives the garbage collector', async () => {
    const children = await removeServer('search');
    // Else it is a race: the collector removes whatever names an owner that does not exist.
    const adopted = await whileNothingIsCollected(async () => {
      await restore('search', children, former('search'));
      const before = await childrenOf('search');
      await apply(namespace, kubernetesServer('search'));
      const uid = (await get(namespace, 'mcpservers', 'search'))?.metadata.uid ?? '';
      await untilEach('every child has a controller, the new server', 'search', (child) =>
        ownersOf(child).some((owner) => owner.uid === uid && owner.controller === true),
      );
      for (const child of await childrenOf('search'))
        expect(ownersOf(child).filter(({ controller }) => controller)).toHaveLength(1);
      return { before, uid };
    });
    await untilEach('the former owner is forgotten', 'search', (child) => ownersOf(child).length === 1);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    const identities = (objects: readonly KubeObject[]): readonly string[] =>
      objects.map(({ metadata }) => metadata.uid);
    expect(identities(await childrenOf('search'))).toEqual(identities(adopted.before));
  });

  it('loses what the reference operator wrote and the spec does not say: its entry would own it for ever', async () => {
    const name = 'moved';
    const children = await removeServer(name);
    const asReference = children.map((child) => ({ ...child, spec: withLeftovers(child) }));
    await whileNothingIsCollected(async () => {
      await restore(name, asReference, former(name), 'manager');
      for (const managers of await managersOf(name)) expect(managers).toEqual(['manager Update']);
      await apply(namespace, kubernetesServer(name));
      await eventually(
        'every child is taken over',
        async () => (await managersOf(name)).every((managers) => managers.join() === 'mcp-lifecycle Apply'),
        { describe: () => managersOf(name) },
      );
    });
    await untilCondition(namespace, name, { type: 'Verified', status: 'True' });
    const after = await childrenOf(name);
    expect(JSON.stringify(after.map(({ spec }) => spec))).not.toMatch(/LEFTOVER|leftover|9090/);
  });

  it('is taken over once when an earlier release has adopted it without that, and no pod restarts', async () => {
    const name = 'moved';
    const [deployment] = await withManagers(name);
    const pods = await eventually('the pod of the roll-out before is gone', async () => {
      const found = await list({ namespace }, 'pods', `mcp-server=${name}`);
      return found.length === 1 ? found : undefined;
    });
    const ours = deployment?.metadata.managedFields.find(({ manager }) => manager === 'mcp-lifecycle');
    const theirs = { ...ours, manager: 'manager', operation: 'Update' };
    await kubectlOk([
      ...['patch', 'deployment', name, '--namespace', namespace, '--type=json', '--field-manager=restore'],
      ...['--patch', JSON.stringify([{ op: 'add', path: '/metadata/managedFields/-', value: theirs }])],
    ]);
    await eventually('it is taken over', async () => {
      const [now] = await withManagers(name);
      const isWritten = now?.metadata.resourceVersion !== deployment?.metadata.resourceVersion;
      return isWritten && !(await managersOf(name)).flat().includes('manager Update');
    });
    const [after] = await withManagers(name);
    expect(after?.metadata.generation).toBe(deployment?.metadata.generation);
    const uids = (objects: readonly KubeObject[]): readonly string[] => objects.map(({ metadata }) => metadata.uid);
    expect(uids(await list({ namespace }, 'pods', `mcp-server=${name}`))).toEqual(uids(pods));
  });

  it('has a status of ours alone with the next change of it, without what the reference operator had written there', async () => {
    const server = await get(namespace, 'mcpservers', 'moved');
    const written = await applyObject(await connectToCluster(process.env), {
      object: {
        ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'moved', namespace } },
        status: {
          address: server?.status?.address,
          conditions: [
            {
              ...{ type: 'NetworkPolicyRestricted', status: 'True', reason: 'Restricted', message: 'x' },
              lastTransitionTime: '2026-01-01T00:00:00Z',
            },
          ],
        },
      },
      ...{ plural: 'mcpservers', subresource: 'status', fieldManager: 'mcpserver-controller' },
      expected: { uid: server?.metadata.uid ?? '' },
    });
    expect(written.ok).toBe(true);
    expect(conditionOf(await get(namespace, 'mcpservers', 'moved'), 'NetworkPolicyRestricted')).toBeDefined();
    await apply(namespace, kubernetesServer('moved', { runtime: { replicas: 0 } }));
    const stopped = { type: 'Available', status: 'True', reason: 'ScaledToZero' };
    const after = await untilCondition(namespace, 'moved', stopped);
    expect(after.status?.address).toEqual(server?.status?.address);
    await eventually('the condition of the reference operator is gone', async () => {
      return conditionOf(await get(namespace, 'mcpservers', 'moved'), 'NetworkPolicyRestricted') === undefined;
    });
  });

  it('is refused, and left as it is, once nobody controls it: `kubectl delete --cascade=orphan`', async () => {
    await apply(namespace, kubernetesServer('orphaned'));
    await untilCondition(namespace, 'orphaned', { type: 'Verified', status: 'True' });
    await kubectlOk(['delete', 'mcpserver', 'orphaned', '--namespace', namespace, '--cascade=orphan']);
    const before = await childrenOf('orphaned');
    expect(before.map(ownersOf)).toEqual([[], [], []]);
    await apply(namespace, kubernetesServer('orphaned'));
    const refused = { type: 'Available', status: 'False', reason: 'DeploymentUnavailable' };
    const server = await untilCondition(namespace, 'orphaned', refused);
    const advice = 'exists but has no controller owner; delete the resource first or choose a different name';
    expect(conditionOf(server, 'Available')).toMatchObject({
      reason: 'DeploymentUnavailable',
      message: `Failed to reconcile Deployment: Deployment orphaned ${advice}`,
    });
    expect(withoutStatus(await childrenOf('orphaned'))).toEqual(withoutStatus(before));
  });

  it('is replaced as soon as it is deleted, as the refusal advises', async () => {
    await kubectlOk(['delete', ...[kinds.join(',')], '--namespace', namespace, '--selector', 'mcp-server=orphaned']);
    await untilCondition(namespace, 'orphaned', { type: 'Verified', status: 'True' });
  });

  it.each<[string, string, object]>([
    ['another server', 'MCPServer/other', { name: 'other', uid: 'the-uid-of-other' }],
    ['an object of another kind', 'ConfigMap/owner', { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner' }],
  ])('is refused, and left as it is, when it is controlled by %s', async (_, owner, changes) => {
    const name = owner.startsWith('ConfigMap') ? 'of-config-map' : 'of-other';
    const children = await removeServer(name);
    const uid = await createOwner(owner);
    await restore(name, children, former(name, { ...changes, uid }));
    const before = await childrenOf(name);
    await apply(namespace, kubernetesServer(name));
    const refused = { type: 'Available', status: 'False', reason: 'DeploymentUnavailable' };
    const server = await untilCondition(namespace, name, refused);
    expect(conditionOf(server, 'Available')?.message).toBe(
      `Failed to reconcile Deployment: Deployment ${name} is owned by ${owner} (${uid}), cannot be managed by MCPServer`,
    );
    expect(withoutStatus(await childrenOf(name))).toEqual(withoutStatus(before));
  });

  /** An owner that exists, or the collector would take what it owns. */
  async function createOwner(owner: string): Promise<string> {
    const [kind, name = ''] = owner.split('/');
    if (kind === 'MCPServer') {
      await apply(namespace, kubernetesServer(name, { runtime: { replicas: 0 } }));
      return (await get(namespace, 'mcpservers', name))?.metadata.uid ?? '';
    }
    await apply(namespace, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
    return (await get(namespace, 'configmaps', name))?.metadata.uid ?? '';
  }
});

/** As if the spec had said more in its former life: a variable, an argument, another port. */
function withLeftovers({ kind, spec }: KubeObject): Readonly<Record<string, unknown>> {
  const text = JSON.stringify(spec).replaceAll(/"(port|containerPort)":8080/g, '"$1":9090');
  const moved = JSON.parse(text) as Readonly<Record<string, unknown>>;
  if (kind !== 'Deployment') return moved;
  const { template } = moved as unknown as { readonly template: { readonly spec: PodSpec } };
  const [container] = template.spec.containers;
  const more = {
    ...container,
    env: [{ name: 'LEFTOVER', value: '1' }],
    envFrom: [{ configMapRef: { name: 'leftover', optional: true } }],
    volumeMounts: [{ name: 'vol-0', mountPath: '/leftover' }],
  };
  const volumes = [{ name: 'vol-0', emptyDir: {} }];
  return { ...moved, template: { ...template, spec: { ...template.spec, containers: [more], volumes } } };
}

interface PodSpec {
  readonly containers: readonly object[];
}

interface ManagedObject {
  readonly metadata: KubeObject['metadata'] & {
    readonly managedFields: readonly {
      readonly manager: string;
      readonly operation: string;
      readonly subresource?: string;
    }[];
  };
}

/** The Deployment's own controller goes on reporting, and counts revisions. */
function withoutStatus(objects: readonly KubeObject[]): readonly object[] {
  return objects.map((object) => {
    const metadata = without({ ...object.metadata }, 'annotations', 'managedFields', 'resourceVersion');
    const annotations = without(object.metadata.annotations, 'deployment.kubernetes.io/revision');
    return { ...without(object, 'status'), metadata: { ...metadata, annotations } };
  });
}
