import { describe, expect, it } from '@jest/globals';
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
  const restore = async (name: string, children: readonly KubeObject[], owner: object): Promise<void> => {
    const items = children.map(({ apiVersion, kind, metadata, spec }) => ({
      apiVersion,
      kind,
      metadata: { name: metadata.name, labels: metadata.labels, ownerReferences: [owner] },
      // A Service gets a new address.
      spec: without(spec, 'clusterIP', 'clusterIPs'),
    }));
    await kubectlOk(['create', '--namespace', namespace, '--filename', '-'], { apiVersion: 'v1', kind: 'List', items });
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

/** The Deployment's own controller goes on reporting, and counts revisions. */
function withoutStatus(objects: readonly KubeObject[]): readonly object[] {
  return objects.map((object) => {
    const metadata = without({ ...object.metadata }, 'annotations', 'managedFields', 'resourceVersion');
    const annotations = without(object.metadata.annotations, 'deployment.kubernetes.io/revision');
    return { ...without(object, 'status'), metadata: { ...metadata, annotations } };
  });
}
