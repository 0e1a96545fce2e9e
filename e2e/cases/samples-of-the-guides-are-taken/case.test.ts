import { describe, expect, it } from '@jest/globals';
import { kubectl } from '../../harness/kubectl.ts';
import { kubernetesServer } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { itTakesSamples } from '../../harness/samples.ts';

const kinds = [
  ...['MCPServer.mcp.x-k8s.io', 'ConfigMap', 'PersistentVolumeClaim', 'PriorityClass.scheduling.k8s.io'],
  ...['RuntimeClass.node.k8s.io', 'Role.rbac.authorization.k8s.io', 'ClusterRole.rbac.authorization.k8s.io'],
];

describe('what the guides show, at a real API server', () => {
  const namespace = useNamespace();

  itTakesSamples(namespace, kinds, { with: 'egressHosts:', rule: 'egress-hosts-enforced' });

  it('a field that nobody knows would not be created', async () => {
    const create = ['create', '--dry-run=server', '--validate=strict', '--namespace', namespace, '--filename', '-'];
    const { code, stderr } = await kubectl(create, kubernetesServer('search', { replica: 2 }));
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('unknown field "spec.replica"'),
    });
  });
});
