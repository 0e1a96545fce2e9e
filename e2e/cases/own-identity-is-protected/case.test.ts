import { describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { kubectl } from '../../harness/kubectl.ts';
import { kubernetesServer } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('an MCPServer with the account, the certificate or the labels of mcp-lifecycle', () => {
  const elsewhere = useNamespace();

  const uses: readonly (readonly [string, object])[] = [
    ['the account', { runtime: { security: { serviceAccountName: release.name } } }],
    ['the account of the hook', { runtime: { security: { serviceAccountName: `${release.name}-admission-check` } } }],
    ['the Secret', { config: { port: 8080, envFrom: [{ secretRef: { name: `${release.name}-certificate` } }] } }],
    [
      'the labels',
      { extraLabels: { 'app.kubernetes.io/name': 'mcp-lifecycle', 'app.kubernetes.io/instance': release.name } },
    ],
  ];
  const create = (namespace: string, spec: object) =>
    kubectl(
      ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'],
      kubernetesServer('impostor', { ...spec }),
    );

  it.each(uses)('is refused in its namespace: %s', async (_, spec) => {
    const { code, stderr } = await create(release.namespace, spec);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('[own-identity-protected]') });
  });

  it.each(uses)('is another one of the same name elsewhere: %s', async (_, spec) => {
    expect(await create(elsewhere, spec)).toMatchObject({ code: 0 });
  });
});
