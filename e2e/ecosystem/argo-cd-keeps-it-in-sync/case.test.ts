/**
 * @alone it installs, upgrades and removes the chart, by Argo CD.
 * @slow two installations; the first time Argo CD is built, which takes many minutes.
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { release } from '../../../scripts/quickstart/install.ts';
import {
  argoNamespace,
  buildArgoCd,
  createRepository,
  lookAgain,
  outOfSync,
  startArgoCd,
  statusOfApplication,
  untilInSync,
  type GitRepository,
} from '../../harness/argo-cd.ts';
import type { Running } from '../../harness/beside.ts';
import { programImage, uninstallChart } from '../../harness/chart.ts';
import { localCluster } from '../../harness/components.ts';
import { eventually } from '../../harness/eventually.ts';
import { restoreChart } from '../../harness/installation.ts';
import { findLeader } from '../../harness/leader.ts';
import { get, kubectl, kubectlOk } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { listPods, withoutFarewells } from '../../harness/replicas.ts';

const chart = fileURLToPath(new URL('../../../chart', import.meta.url));
const guide = await readFile(new URL('../../../docs/guides/install.md', import.meta.url), 'utf8');

/** The sample of the guide that begins with this comment. */
function sample(file: string): string {
  const [, text = ''] = new RegExp(`\`\`\`yaml\\n# ${file}\\n([\\s\\S]*?)\`\`\``).exec(guide) ?? [];
  return text;
}

describe('Argo CD', () => {
  const namespace = useNamespace();
  let folder: string;
  let repository: GitRepository;
  let argoCd: Running | undefined;

  beforeAll(async () => {
    const built = await buildArgoCd();
    folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-gitops-'));
    repository = await createRepository(folder);
    await cp(chart, join(folder, 'chart'), { recursive: true });
    await repository.commit('the chart');
    await uninstallChart();
    argoCd = await startArgoCd(await localCluster(), built);
  }, 2_400_000);

  // Whatever happened: the next case finds the chart installed, by Helm.
  afterAll(async () => {
    try {
      await argoCd?.stop();
    } finally {
      await rm(folder, { recursive: true, force: true });
      await restoreChart();
    }
  });

  const replicas = async (): Promise<unknown> =>
    (await get(release.namespace, 'deployments', release.name))?.spec?.['replicas'];

  async function patchApplication(name: string, patch: object): Promise<void> {
    const ofApplication = ['applications.argoproj.io', name, '--namespace', argoNamespace];
    await kubectlOk(['patch', ...ofApplication, '--type=merge', '--patch', JSON.stringify(patch)]);
  }

  const withValues = (valuesObject: object): object => ({ source: { helm: { valuesObject } } });

  it('installs it by the sample of the guide, and is done when admission answers', async () => {
    const [, registry = '', name = '', tag = ''] =
      /^([^/]+)\/([^:]+):(.*)$/.exec((await programImage()).reference) ?? [];
    const ours = sample('mcp-lifecycle\\.yaml')
      .replace('https://git.example.com/platform/mcp-lifecycle.git', repository.url)
      .replace('registry.example.com', registry)
      .replace('platform/mcp-lifecycle', name)
      .replace('"0.1.0"', JSON.stringify(tag));
    await kubectlOk(['apply', '--filename', '-'], ours);
    const status = await untilInSync('mcp-lifecycle');
    const hooks = status.operationState?.syncResult?.resources?.filter(({ hookType }) => hookType !== undefined);
    expect(hooks).toMatchObject([{ kind: 'Job', hookType: 'PostSync', hookPhase: 'Succeeded' }]);
  }, 420_000);

  it('has a leader, though Argo CD leaves Leases out', async () => {
    const { conditions = [] } = await statusOfApplication('mcp-lifecycle');
    expect(conditions).toMatchObject([{ type: 'ExcludedResourceWarning' }]);
    await eventually('a replica leads', async () => (await findLeader()) !== undefined);
  });

  it('finds nothing out of sync once everything is at work, and syncs no more', async () => {
    const before = await statusOfApplication('mcp-lifecycle');
    for (let look = 0; look < 3; look += 1) {
      const status = await lookAgain('mcp-lifecycle');
      expect(outOfSync(status)).toEqual([]);
      expect(status).toMatchObject({ sync: { status: 'Synced' }, health: { status: 'Healthy' } });
      expect(status.history).toHaveLength(1);
    }
    expect((await statusOfApplication('mcp-lifecycle')).operationState?.startedAt).toBe(
      before.operationState?.startedAt,
    );
  });

  it('keeps servers in sync that defaults of ours and of the schema were written into', async () => {
    const server = kubernetesServer('steady', {
      config: {
        ...{ port: 8080, arguments: ['--port', '8080', '--read-only'] },
        env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        // Without permissions, which are a default in a list.
        storage: [{ path: '/var/scratch', source: { type: 'EmptyDir', emptyDir: {} } }],
      },
    });
    await mkdir(join(folder, 'servers'));
    await writeFile(join(folder, 'servers', 'steady.yaml'), JSON.stringify(server));
    await repository.commit('a server');
    const application = parse(sample('mcp-lifecycle\\.yaml')) as { readonly spec: object };
    await kubectlOk(['apply', '--filename', '-'], {
      ...application,
      metadata: { name: 'servers', namespace: argoNamespace },
      spec: {
        ...application.spec,
        source: { repoURL: repository.url, targetRevision: 'main', path: 'servers' },
        destination: { server: 'https://kubernetes.default.svc', namespace },
      },
    });
    await untilCondition(namespace, 'steady', { type: 'Verified', status: 'True' });
    const status = await untilInSync('servers');
    expect(outOfSync(status)).toEqual([]);
    expect(status.history).toHaveLength(1);
  }, 420_000);

  it('leaves the number of pods to who scales them, as the manifest has none', async () => {
    await kubectlOk(['scale', 'mcpserver', 'steady', '--namespace', namespace, '--replicas=2']);
    const status = await lookAgain('servers');
    expect(outOfSync(status)).toEqual([]);
    expect(status.history).toHaveLength(1);
    expect((await get(namespace, 'mcpservers', 'steady'))?.spec).toMatchObject({ runtime: { replicas: 2 } });
  });

  it('takes an upgrade, and nothing differs after it', async () => {
    const before = await statusOfApplication('mcp-lifecycle');
    await patchApplication('mcp-lifecycle', { spec: withValues({ replicas: 1 }) });
    const status = await untilInSync('mcp-lifecycle', before);
    expect(await replicas()).toBe(1);
    expect(outOfSync(status)).toEqual([]);
    expect(outOfSync(await lookAgain('servers'))).toEqual([]);
  }, 420_000);

  it('finds no difference by server-side apply and diff either', async () => {
    const before = await statusOfApplication('mcp-lifecycle');
    const syncPolicy = { syncOptions: ['CreateNamespace=true', 'ServerSideApply=true'] };
    const metadata = { annotations: { 'argocd.argoproj.io/compare-options': 'ServerSideDiff=true' } };
    await patchApplication('servers', { metadata, spec: { syncPolicy } });
    await patchApplication('mcp-lifecycle', { metadata, spec: { syncPolicy, ...withValues({ replicas: 2 }) } });
    const status = await untilInSync('mcp-lifecycle', before);
    expect(await replicas()).toBe(2);
    expect(outOfSync(status)).toEqual([]);
    expect(outOfSync(await lookAgain('servers'))).toEqual([]);
  }, 420_000);

  it('removes all of it but the CRD, and servers go on', async () => {
    const ofApplication = ['applications.argoproj.io', '--namespace', argoNamespace];
    await kubectlOk(['delete', ...ofApplication, 'servers']);
    await patchApplication('mcp-lifecycle', { metadata: { finalizers: ['resources-finalizer.argocd.argoproj.io'] } });
    await withoutFarewells(() => kubectlOk(['delete', ...ofApplication, 'mcp-lifecycle', '--timeout=180s']));
    expect(await listPods()).toEqual([]);
    expect(await get(namespace, 'mcpservers', 'steady')).toBeDefined();
    expect((await kubectl(['get', 'lease', '--namespace', release.namespace, `${release.name}-leader`])).code).toBe(0);
    await kubectlOk(['delete', 'lease', '--namespace', release.namespace, `${release.name}-leader`]);
  }, 420_000);
});
