/**
 * @alone it installs the chart with other users.
 * @installs the chart with another user to begin with.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { installChart } from '../../harness/chart.ts';
import { apply, kubectl, list } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** From the middle of a range such as OpenShift gives to a namespace; nobody of this id is in the image. */
const user = 1_000_650_000;

describe('a cluster that chooses the user of our pods', () => {
  const namespace = useNamespace();
  const asRoot = { runtime: { security: { securityContext: { runAsUser: 0 } } } };

  // The Job that asks whether admission answers runs as this user, too: otherwise this fails.
  beforeAll(() =>
    installChart({
      args: ['--set', `podSecurityContext.runAsUser=${user},podSecurityContext.runAsGroup=null`],
    }),
  );

  it('has pods of that user, and of no group of ours', async () => {
    const pods = await list({ namespace: release.namespace }, 'pods', 'app.kubernetes.io/name=mcp-lifecycle');
    const contexts = pods
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ spec }) => (spec as { readonly securityContext: object }).securityContext);
    expect(contexts).not.toEqual([]);
    for (const context of contexts) {
      expect(context).toEqual({ runAsNonRoot: true, runAsUser: user, seccompProfile: { type: 'RuntimeDefault' } });
    }
  });

  it('is answered by both programs', async () => {
    await apply(namespace, kubernetesServer('search'));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    const args = ['create', '--namespace', namespace, '--filename', '-'];
    expect((await kubectl(args, kubernetesServer('as-root', asRoot))).stderr).toContain('[run-as-non-root]');
  });
});
