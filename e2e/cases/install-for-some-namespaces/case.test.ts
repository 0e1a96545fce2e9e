/**
 * @alone it installs the chart for other namespaces than those of the cases.
 * @installs the chart for its namespaces to begin with.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { installChart } from '../../harness/chart.ts';
import { apply, get, kubectl, kubectlOk } from '../../harness/kubectl.ts';
import { renewPods } from '../../harness/leader.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const asRoot = { runtime: { security: { serviceAccountName: 'default', securityContext: { runAsUser: 0 } } } };

async function mayReadSecrets(namespace: string): Promise<string> {
  const account = `system:serviceaccount:${release.namespace}:${release.name}`;
  return (await kubectl(['auth', 'can-i', 'list', 'secrets', '--namespace', namespace, '--as', account])).stdout.trim();
}

describe('watchNamespaces', () => {
  const [first, second, other] = [useNamespace(), useNamespace(), useNamespace()];

  beforeAll(() => installChart({ args: ['--set', `watchNamespaces={${first},${second}}`] }));

  it.each([first, second])('runs and judges servers in %s', async (namespace) => {
    await apply(namespace, kubernetesServer('inside'));
    await untilCondition(namespace, 'inside', { type: 'Verified', status: 'True' });
    const args = ['create', '--namespace', namespace, '--filename', '-'];
    expect((await kubectl(args, kubernetesServer('as-root', asRoot))).stderr).toContain('[run-as-non-root]');
  });

  it('leaves servers elsewhere alone', async () => {
    await apply(other, kubernetesServer('outside', asRoot));
    // What comes later in a watched namespace is done: then this one was passed over, not late.
    await apply(first, kubernetesServer('later'));
    await untilCondition(first, 'later', { type: 'Verified', status: 'True' });
    expect(await get(other, 'deployments', 'outside')).toBeUndefined();
    expect((await get(other, 'mcpservers', 'outside'))?.status).toBeUndefined();
  });

  it('gives no right to read Secrets elsewhere', async () => {
    expect(await mayReadSecrets(first)).toBe('yes');
    expect(await mayReadSecrets(other)).toBe('no');
    expect(await mayReadSecrets(release.namespace)).toBe('no');
  });

  it('goes on in one namespace when another one is deleted', async () => {
    await kubectlOk(['delete', 'namespace', second]);
    await renewPods(first);
    await apply(first, kubernetesServer('after'));
    await untilCondition(first, 'after', { type: 'Verified', status: 'True' });
  });
});
