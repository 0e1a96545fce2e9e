import type { FakeKubeApi } from '../../platform/kube/testing/fake-kube-api.ts';

export const serverPath = (name: string): string => `/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/${name}`;
export const deploymentPath = (name: string): string => `/apis/apps/v1/namespaces/mcp/deployments/${name}`;
export const settingsPath = '/api/v1/namespaces/mcp/configmaps/settings';

/** Servers that read one ConfigMap, and that. Their pods are replaced without a candidate, unless they are to be proven. */
export function putSharing(
  api: FakeKubeApi,
  names: readonly string[],
  data: Readonly<Record<string, string>>,
  verify: 'Candidate' | 'AfterSwitch' = 'AfterSwitch',
): void {
  const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'mcp' } };
  api.put(settingsPath, { ...settings, data });
  for (const name of names)
    api.put(serverPath(name), {
      ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name, namespace: 'mcp' } },
      spec: {
        source: { type: 'ContainerImage', containerImage: { ref: 'example.com/x:1' } },
        config: { port: 8080, envFrom: [{ configMapRef: { name: 'settings' } }] },
        extensions: { rollout: { verify } },
      },
    });
}

/** Says of a Deployment what its controller says when its pods are there. */
export function rollOut(api: FakeKubeApi, name: string): void {
  const { metadata } = api.get(deploymentPath(name)) as { metadata: { generation: number } };
  api.put(deploymentPath(name), {
    status: {
      ...{ observedGeneration: metadata.generation, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
      conditions: [
        { type: 'Available', status: 'True' },
        { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
      ],
    },
  });
}

/** Their changes are written at once, and no candidate is asked before. */
export function switchAtOnce(api: FakeKubeApi, names: readonly string[]): void {
  for (const name of names) api.put(serverPath(name), { spec: { extensions: { rollout: { verify: 'AfterSwitch' } } } });
}
