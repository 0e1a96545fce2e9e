import { describe, expect, it } from '@jest/globals';
import { apply, conditionOf, get, kubectlOk, without, type KubeObject } from '../../harness/kubectl.ts';
import {
  childKinds,
  childrenOf,
  formerOwner,
  ownersOf,
  removeServer,
  restoreChildren,
} from '../../harness/leftovers.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('what has the name of a child of an MCPServer', () => {
  const namespace = useNamespace();

  it('is refused, and left as it is, once nobody controls it: `kubectl delete --cascade=orphan`', async () => {
    await apply(namespace, kubernetesServer('orphaned'));
    await untilCondition(namespace, 'orphaned', { type: 'Verified', status: 'True' });
    await kubectlOk(['delete', 'mcpserver', 'orphaned', '--namespace', namespace, '--cascade=orphan']);
    const before = await childrenOf(namespace, 'orphaned');
    expect(before.map(ownersOf)).toEqual([[], [], []]);
    await apply(namespace, kubernetesServer('orphaned'));
    const refused = { type: 'Available', status: 'False', reason: 'DeploymentUnavailable' };
    const server = await untilCondition(namespace, 'orphaned', refused);
    const advice = 'exists but has no controller owner; delete the resource first or choose a different name';
    expect(conditionOf(server, 'Available')).toMatchObject({
      reason: 'DeploymentUnavailable',
      message: `Failed to reconcile Deployment: Deployment orphaned ${advice}`,
    });
    expect(withoutStatus(await childrenOf(namespace, 'orphaned'))).toEqual(withoutStatus(before));
  });

  it('is replaced as soon as it is deleted, as the refusal advises', async () => {
    await kubectlOk([
      'delete',
      ...[childKinds.join(',')],
      '--namespace',
      namespace,
      '--selector',
      'mcp-server=orphaned',
    ]);
    await untilCondition(namespace, 'orphaned', { type: 'Verified', status: 'True' });
  });

  it.each<[string, string, object]>([
    ['another server', 'MCPServer/other', { name: 'other', uid: 'the-uid-of-other' }],
    ['an object of another kind', 'ConfigMap/owner', { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner' }],
  ])('is refused, and left as it is, when it is controlled by %s', async (_, owner, changes) => {
    const name = owner.startsWith('ConfigMap') ? 'of-config-map' : 'of-other';
    const children = await removeServer(namespace, name);
    const uid = await createOwner(owner);
    await restoreChildren(namespace, children, { owner: formerOwner(name, { ...changes, uid }) });
    const before = await childrenOf(namespace, name);
    await apply(namespace, kubernetesServer(name));
    const refused = { type: 'Available', status: 'False', reason: 'DeploymentUnavailable' };
    const server = await untilCondition(namespace, name, refused);
    expect(conditionOf(server, 'Available')?.message).toBe(
      `Failed to reconcile Deployment: Deployment ${name} is owned by ${owner} (${uid}), cannot be managed by MCPServer`,
    );
    expect(withoutStatus(await childrenOf(namespace, name))).toEqual(withoutStatus(before));
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
