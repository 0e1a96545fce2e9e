import { afterAll, describe, expect, it } from '@jest/globals';
import { findCluster, type ClusterHandle } from '../../../scripts/cluster/cluster.ts';
import { ensureImages } from '../../../scripts/image/build.ts';
import { ensureInstalled, release, uninstall } from '../../../scripts/quickstart/install.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, kubectl, kubectlOk, list } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const selector = `app.kubernetes.io/instance=${release.name}`;
const crd = 'mcpservers.mcp.x-k8s.io';

async function cluster(): Promise<ClusterHandle> {
  const found = await findCluster();
  if (found === undefined) throw new Error('scripts/e2e.ts brought the cluster up');
  return found;
}

async function install(): Promise<void> {
  const [image] = await ensureImages(['mcp-lifecycle'], () => undefined);
  if (image === undefined) throw new Error('images are returned in the order asked for');
  await ensureInstalled(await cluster(), image, () => undefined);
}

/** Everything that can be listed, with our labels, the kept CRD excepted. */
async function leftovers(): Promise<readonly string[]> {
  const kinds = (await kubectlOk(['api-resources', '--verbs=list', '--output=name'])).trim().split('\n');
  const listable = kinds.filter((kind) => !kind.startsWith('events') && !kind.startsWith('componentstatuses'));
  const objects = await list('everywhere', listable.join(','), selector);
  return objects
    .map(({ kind, metadata }) => `${kind}/${metadata.name}`)
    .filter((id) => id !== `CustomResourceDefinition/${crd}`);
}

describe('helm uninstall', () => {
  const namespace = useNamespace();

  // Whatever happened: the next run finds the chart installed.
  afterAll(install);

  it('leaves nothing but the CRD and the MCPServers', async () => {
    await apply(namespace, kubernetesServer('survivor'));
    await untilCondition(namespace, 'survivor', { type: 'Verified', status: 'True' });
    await uninstall(await cluster());
    await eventually('nothing with our labels is left', async () => (await leftovers()).length === 0, {
      describe: leftovers,
    });
    expect(await list({ namespace: release.namespace }, 'secrets,leases')).toEqual([]);
    expect(await get(namespace, 'mcpservers', 'survivor')).toBeDefined();
    expect(await get(namespace, 'deployments', 'survivor')).toBeDefined();
  });

  it('does not stop anybody from changing an MCPServer afterwards', async () => {
    await apply(namespace, kubernetesServer('survivor', { extraLabels: { team: 'search' } }));
  });

  it('can be followed by an installation that picks up where the last one ended', async () => {
    await install();
    const args = ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'];
    const spec = { runtime: { security: { securityContext: { runAsUser: 0 } } } };
    // The first request after helm returned is judged by us: no retry here.
    expect((await kubectl(args, kubernetesServer('as-root', spec))).stderr).toContain('[run-as-non-root]');
    await eventually('the change made meanwhile has arrived', async () => {
      const deployment = await get(namespace, 'deployments', 'survivor');
      return deployment?.metadata.labels?.['team'] === 'search';
    });
    await untilCondition(namespace, 'survivor', { type: 'Verified', status: 'True' });
  });
});
