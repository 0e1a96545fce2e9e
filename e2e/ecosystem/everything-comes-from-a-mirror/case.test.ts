/**
 * @alone it uninstalls the chart, and installs it from a registry.
 * @slow three installations; the first time a registry is built.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { commandInCluster, execInCluster, findCluster, type ClusterHandle } from '../../../scripts/cluster/cluster.ts';
import { ensureChartTool } from '../../../scripts/cluster/packages/chart-tools.ts';
import { ensureHostPackages } from '../../../scripts/cluster/packages/host-packages.ts';
import { resolveSettings } from '../../../scripts/cluster/settings.ts';
import { ensureImages } from '../../../scripts/image/build.ts';
import type { ImageName } from '../../../scripts/image/catalogue.ts';
import { release } from '../../../scripts/quickstart/install.ts';
import { startProgram, type Running } from '../../harness/beside.ts';
import { uninstallChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { restoreChart } from '../../harness/installation.ts';
import { apply, kubectl, kubectlOk, list } from '../../harness/kubectl.ts';
import { everythingServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const guide = await readFile(new URL('../../../docs/guides/install.md', import.meta.url), 'utf8');
const chart = fileURLToPath(new URL('../../../chart', import.meta.url));
const say = (line: string): boolean => process.stderr.write(`${line}\n`);

/** In the network of the cluster, where nodes pull from it; they speak plain HTTP to loopback only. */
const registry = '127.0.0.1:5000';

/** The commands of the guide's section, in order, for that registry. */
function commandsOfGuide(): readonly string[] {
  const [, section = ''] = /## From a registry of your own\n([\s\S]*?)\n## /.exec(guide) ?? [];
  const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');
  const lines = blocks.join('').replaceAll('\\\n', ' ').trim().split('\n');
  return lines.map((line) => line.replaceAll('registry.example.com', registry));
}

describe('a registry that has the chart and every image', () => {
  const namespace = useNamespace();
  let folder: string;
  let cluster: ClusterHandle;
  let running: Running | undefined;
  const [copyImage = '', ...helmCommands] = commandsOfGuide();

  /** In the network of the cluster, in a folder of its own; returns all that it said. */
  async function run(line: string): Promise<string> {
    const command = ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', folder, ...line.split(/\s+/)];
    const { code, stdout, stderr } = await execInCluster(cluster, command);
    if (code !== 0) throw new Error(`${line}: ${stderr.trim()}`);
    return `${stdout}${stderr}`;
  }

  /** By the guide's command; returns the digest. */
  async function pushImage(name: ImageName, repository: string): Promise<string> {
    const [image] = await ensureImages([name], () => undefined);
    const line = copyImage
      .replace('oci-archive:ARCHIVE', `oci-archive:${image?.archive ?? 'of the image'}`)
      .replace('/platform/mcp-lifecycle:', `/${repository}:`);
    await run(`${line} --dest-tls-verify=false --digestfile digest`);
    return (await readFile(join(folder, 'digest'), 'utf8')).trim();
  }

  async function imagesOfPods(where: { readonly namespace: string }, selector: string): Promise<readonly string[]> {
    const pods = await list(where, 'pods', selector);
    const living = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return living.flatMap(({ spec }) =>
      (spec?.['containers'] as readonly { image: string }[]).map(({ image }) => image),
    );
  }
  const ourImages = (): Promise<readonly string[]> =>
    imagesOfPods({ namespace: release.namespace }, `app.kubernetes.io/name=${release.name}`);

  let digests: Readonly<Record<'image' | 'server' | 'chart', string>>;

  beforeAll(async () => {
    const found = await findCluster();
    if (found === undefined) throw new Error('scripts/e2e brought the cluster up');
    cluster = found;
    folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-registry-'));
    await cp(chart, join(folder, 'chart'), { recursive: true });
    await ensureHostPackages(say, { skopeo: 'skopeo' });
    const program = await ensureChartTool(resolveSettings({}, process.env).cache, 'registry', say);
    running = startProgram(await commandInCluster(cluster, [program, '-port', '5000']), cluster.environment);
    await eventually('the registry answers', async () => {
      return (await execInCluster(cluster, ['curl', '--fail', '--silent', `http://${registry}/v2/`])).code === 0;
    });
    await uninstallChart();
  }, 900_000);

  // Whatever happened: the next case finds the chart installed.
  afterAll(async () => {
    await running?.stop();
    await restoreChart();
    await rm(folder, { recursive: true });
  });

  it('takes them by the commands of the guide', async () => {
    const image = await pushImage('mcp-lifecycle', 'platform/mcp-lifecycle');
    const server = await pushImage('server-everything', 'tools/everything');
    const [pack = '', push = ''] = helmCommands;
    await run(pack);
    const [ofChart = ''] = /sha256:[0-9a-f]{64}/.exec(await run(`${push} --plain-http`)) ?? [];
    digests = { image, server, chart: ofChart };
    expect(Object.values(digests)).toEqual(
      Array.from({ length: 3 }, () => expect.stringMatching(/^sha256:[0-9a-f]{64}$/)),
    );
  }, 300_000);

  it('is what Helm installs by the version of the chart', async () => {
    const [, , install = ''] = helmCommands;
    await run(`${install} --plain-http`);
    expect(new Set(await ourImages())).toEqual(new Set([`${registry}/platform/mcp-lifecycle:0.1.0`]));
  }, 360_000);

  it('is what Helm upgrades to by the digests of chart and image', async () => {
    const [, , , upgrade = ''] = helmCommands;
    const line = upgrade.replace('IMAGE_DIGEST', digests.image).replace('DIGEST', digests.chart);
    await run(`${line} --plain-http`);
    expect(new Set(await ourImages())).toEqual(new Set([`${registry}/platform/mcp-lifecycle@${digests.image}`]));
    const other = line.replace(digests.chart, `sha256:${'0'.repeat(64)}`);
    await expect(run(`${other} --plain-http`)).rejects.toThrow(/not found/);
  }, 360_000);

  it('is enough for the preset of a restricted network: servers of the mirror run, others are refused', async () => {
    const [port] = (
      await list({ namespace: 'default' }, 'endpointslices', 'kubernetes.io/service-name=kubernetes')
    ).map(({ ['ports']: ports }) => (ports as readonly { readonly port: number }[])[0]?.port);
    const yours = {
      image: { registry, repository: 'platform/mcp-lifecycle', digest: digests.image },
      policy: { rules: { 'image-registry': { parameters: { allowed: [registry] } } } },
      networkPolicy: { apiServerPorts: [port] },
    };
    await writeFile(join(folder, 'yours.yaml'), JSON.stringify(yours));
    await run(
      `helm pull oci://${registry}/charts/mcp-lifecycle@${digests.chart} --plain-http --untar --untardir pulled`,
    );
    const pulled = 'pulled/mcp-lifecycle';
    const values = `--values ${pulled}/presets/restricted-network.yaml --values yours.yaml`;
    await run(`helm upgrade mcp-lifecycle ${pulled} --namespace ${release.namespace} --reset-values --wait ${values}`);

    const serverOf = (ref: string): object =>
      everythingServer('everything', {
        source: { type: 'ContainerImage', containerImage: { ref } },
        network: { egressTo: [{ podSelector: { matchLabels: { app: 'database' } } }] },
      });
    const ofMirror = `${registry}/tools/everything@${digests.server}`;
    await eventually('another registry is refused', async () => {
      const args = ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'];
      const { code, stderr } = await kubectl(args, serverOf(`quay.io/tools/everything@${digests.server}`));
      return code !== 0 && stderr.includes('[image-registry]');
    });
    await apply(namespace, serverOf(ofMirror));
    await untilCondition(namespace, 'everything', { type: 'Verified', status: 'True' });
    expect(await imagesOfPods({ namespace }, 'mcp-server=everything')).toEqual([ofMirror]);
    await kubectlOk(['delete', 'mcpserver', 'everything', '--namespace', namespace]);
  }, 420_000);
});
