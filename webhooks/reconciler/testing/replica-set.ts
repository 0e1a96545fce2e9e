/** The owners of a pod that the ReplicaSet of one template of a Deployment has made. For tests. */
export function ofReplicaSet(deployment: string, template: string): readonly object[] {
  const name = `${deployment}-${template}`;
  return [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: `uid-of-${name}`, controller: true }];
}
