import { expect } from '@jest/globals';
import { eventually } from './eventually.ts';
import { apply, kubectlOk, list, without, type KubeObject } from './kubectl.ts';
import { kubernetesServer, untilCondition } from './mcp-server.ts';

/** What every server has one of. */
export const childKinds = ['deployments', 'services', 'networkpolicies'] as const;

interface Owner {
  readonly uid: string;
  readonly controller?: boolean;
}

export function childrenOf(namespace: string, name: string): Promise<readonly KubeObject[]> {
  return list({ namespace }, childKinds.join(','), `mcp-server=${name}`);
}

export function ownersOf({ metadata }: KubeObject): readonly Owner[] {
  // kubectl prints the metadata as the API server sent it.
  const { ownerReferences = [] } = metadata as { readonly ownerReferences?: readonly Owner[] };
  return ownerReferences.map(({ uid, controller }) => ({ uid, controller: controller ?? false }));
}

/** A server of that name in another life, as an owner. */
export function formerOwner(name: string, changes: object = {}): object {
  return {
    ...{ apiVersion: 'mcp.x-k8s.io/v1alpha1', kind: 'MCPServer', name, controller: true, blockOwnerDeletion: true },
    uid: '11111111-2222-4333-8444-555555555555',
    ...changes,
  };
}

/** Runs a server and deletes it; returns the children that it had, which are gone. */
export async function removeServer(namespace: string, name: string): Promise<readonly KubeObject[]> {
  await apply(namespace, kubernetesServer(name));
  await untilCondition(namespace, name, { type: 'Verified', status: 'True' });
  const children = await childrenOf(namespace, name);
  await kubectlOk(['delete', 'mcpserver', name, '--namespace', namespace]);
  await eventually('its children are collected', async () => (await childrenOf(namespace, name)).length === 0);
  return children;
}

/** Writes children back as a restored backup would bring them: with the owner of another life. */
export async function restoreChildren(
  namespace: string,
  children: readonly KubeObject[],
  { owner, manager = 'restore' }: { readonly owner: object; readonly manager?: string },
): Promise<void> {
  const items = children.map(({ apiVersion, kind, metadata, spec }) => ({
    apiVersion,
    kind,
    metadata: { name: metadata.name, labels: metadata.labels, ownerReferences: [owner] },
    // A Service gets a new address.
    spec: without(spec, 'clusterIP', 'clusterIPs'),
  }));
  const create = ['create', '--namespace', namespace, '--field-manager', manager, '--filename', '-'];
  await kubectlOk(create, { apiVersion: 'v1', kind: 'List', items });
  const [first] = children;
  expect((await childrenOf(namespace, first?.metadata.name ?? '')).length).toBe(childKinds.length);
}
