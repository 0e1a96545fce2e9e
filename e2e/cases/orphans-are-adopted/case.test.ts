/** @alone it stops the garbage collector and all other controllers of the cluster. */
import { describe, expect, it } from '@jest/globals';
import { applyObject } from '../../../webhooks/platform/kube/apply.ts';
import { connectToCluster } from '../../../webhooks/platform/kube/connect.ts';
import { whileNothingIsCollected } from '../../harness/controller-manager.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, list, type KubeObject } from '../../harness/kubectl.ts';
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
import { untilPodsAre } from '../../harness/rollouts.ts';

describe('what an MCPServer of the same name left behind', () => {
  const namespace = useNamespace();

  /** As `childrenOf`, and who owns their fields; the Deployment is first. */
  const withManagers = async (name: string): Promise<readonly ManagedObject[]> => {
    const which = [childKinds.join(','), '--namespace', namespace, '--selector', `mcp-server=${name}`];
    const text = await kubectlOk(['get', ...which, '--show-managed-fields', '--output', 'json']);
    return (JSON.parse(text) as { readonly items: readonly ManagedObject[] }).items;
  };
  const managersOf = async (name: string): Promise<readonly (readonly string[])[]> =>
    (await withManagers(name)).map(managersIn);
  /** There is one of each kind, and each is so. */
  const untilEach = (what: string, name: string, isSo: (child: KubeObject) => boolean): Promise<unknown> =>
    eventually(
      what,
      async () => {
        const children = await childrenOf(namespace, name);
        return children.length === childKinds.length && children.every(isSo);
      },
      { describe: () => childrenOf(namespace, name) },
    );

  it('is adopted while its controller is that server, and outlives the garbage collector', async () => {
    const children = await removeServer(namespace, 'search');
    // Else it is a race: the collector removes whatever names an owner that does not exist.
    const adopted = await whileNothingIsCollected(async () => {
      await restoreChildren(namespace, children, { owner: formerOwner('search') });
      const before = await childrenOf(namespace, 'search');
      await apply(namespace, kubernetesServer('search'));
      const uid = (await get(namespace, 'mcpservers', 'search'))?.metadata.uid ?? '';
      await untilEach('every child has a controller, the new server', 'search', (child) =>
        ownersOf(child).some((owner) => owner.uid === uid && owner.controller === true),
      );
      for (const child of await childrenOf(namespace, 'search'))
        expect(ownersOf(child).filter(({ controller }) => controller)).toHaveLength(1);
      return { before, uid };
    });
    await untilEach('the former owner is forgotten', 'search', (child) => ownersOf(child).length === 1);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    const identities = (objects: readonly KubeObject[]): readonly string[] =>
      objects.map(({ metadata }) => metadata.uid);
    expect(identities(await childrenOf(namespace, 'search'))).toEqual(identities(adopted.before));
  });

  it('loses what the reference operator wrote and the spec does not say: its entry would own it for ever', async () => {
    const name = 'moved';
    const children = await removeServer(namespace, name);
    const asReference = children.map((child) => ({ ...child, spec: withLeftovers(child) }));
    await whileNothingIsCollected(async () => {
      await restoreChildren(namespace, asReference, { owner: formerOwner(name), manager: 'manager' });
      for (const managers of await managersOf(name)) expect(managers).toEqual(['manager Update']);
      await apply(namespace, kubernetesServer(name));
      // Two writes: what is ours by the first is taken away by the second.
      await eventually(
        'every child is taken over',
        async () => {
          const children = await withManagers(name);
          return children.length === childKinds.length && children.every(isTakenOver);
        },
        { describe: () => withManagers(name) },
      );
    });
    await untilCondition(namespace, name, { type: 'Verified', status: 'True' });
    // Its controller goes on with what it sees first, the Deployment as it was: that pod's port is open as long as it is there.
    await untilPodsAre(namespace, name, 1);
    await eventually('nothing of it comes back', async () => (await withManagers(name)).every(isTakenOver), {
      describe: () => withManagers(name),
    });
  });

  it('is taken over once when an earlier release has adopted it without that, and no pod restarts', async () => {
    const name = 'moved';
    const [deployment] = await withManagers(name);
    const pods = await list({ namespace }, 'pods', `mcp-server=${name}`);
    expect(pods).toHaveLength(1);
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
});

/** What {@link withLeftovers} adds. */
const leftover = /LEFTOVER|leftover|9090/;

/** Who owns fields of the object itself. */
function managersIn({ metadata }: ManagedObject): readonly string[] {
  return metadata.managedFields
    .filter(({ subresource }) => subresource === undefined)
    .map(({ manager, operation }) => `${manager} ${operation}`);
}

function isTakenOver(child: ManagedObject): boolean {
  return managersIn(child).join() === 'mcp-lifecycle Apply' && !leftover.test(JSON.stringify(child.spec));
}

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
  readonly spec: unknown;
  readonly metadata: KubeObject['metadata'] & {
    readonly managedFields: readonly {
      readonly manager: string;
      readonly operation: string;
      readonly subresource?: string;
    }[];
  };
}
