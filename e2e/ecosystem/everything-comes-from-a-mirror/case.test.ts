/**
 * @alone it uninstalls the chart, and installs it from a registry.
 * @slow three installations; the first time a registry is built.
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { commandInCluster, execInCluster, type ClusterHandle } from '../../../scripts/cluster/cluster.ts';
import { writeCertificates } from '../../../scripts/cluster/packages/certificates.ts';
import { ensureChartTool } from '../../../scripts/cluster/packages/chart-tools.ts';
import { buildLayout } from '../../../scripts/cluster/packages/layout.ts';
import { ensureHostPackages } from '../../../scripts/cluster/packages/host-packages.ts';
import { resolveSettings } from '../../../scripts/cluster/settings.ts';
import { ensureImages } from '../../../scripts/image/build.ts';
import type { ImageName } from '../../../scripts/image/catalogue.ts';
import { release } from '../../../scripts/quickstart/install.ts';
import { addressOfNode, startProgram, type Running } from '../../harness/beside.ts';
import { uninstallChart } from '../../harness/chart.ts';
import { localCluster } from '../../harness/components.ts';
import { eventually } from '../../harness/eventually.ts';
import { restoreChart } from '../../harness/installation.ts';
import { apply, conditionOf, get, kubectl, kubectlOk, list } from '../../harness/kubectl.ts';
import { everythingServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const guide = await readFile(new URL('../../../docs/guides/install.md', import.meta.url), 'utf8');
const chart = fileURLToPath(new URL('../../../chart', import.meta.url));
const say = (line: string): boolean => process.stderr.write(`${line}\n`);

/** In the network of the cluster, where nodes pull from it. */
const ports = { registry: 5000, front: 5443 } as const;

/** The commands of the guide's section, in order. */
function commandsOfGuide(): readonly string[] {
  const [, section = ''] = /## From a registry of your own\n([\s\S]*?)\n## /.exec(guide) ?? [];
  const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');
  return blocks.join('').replaceAll('\\\n', ' ').trim().split('\n');
}

describe('a registry that has the chart and every image, behind TLS and a password', () => {
  const namespace = useNamespace();
  let folder: string;
  let cluster: ClusterHandle;
  let registry: string;
  /** Where containerd is told of the CA. */
  let trusted: string | undefined;
  const running: Running[] = [];
  const [copyImage = '', pack = '', push = '', install = '', upgrade = '', ...logIn] = commandsOfGuide();

  /**
   * In the network of the cluster, in a folder of its own, by whom the CA is trusted and who keeps what it is logged in to
   * for itself; returns all that it said.
   */
  async function run(line: string): Promise<string> {
    const own = {
      SSL_CERT_FILE: 'ca.crt',
      REGISTRY_AUTH_FILE: 'logged-in.json',
      HELM_REGISTRY_CONFIG: 'logged-in.json',
    };
    const environment = Object.entries(own).map(([name, file]) => `${name}=${join(folder, file)}`);
    const script = `cd ${folder} && ${line.replaceAll('registry.example.com', registry)}`;
    const { code, stdout, stderr } = await execInCluster(cluster, ['env', ...environment, 'sh', '-c', script]);
    if (code !== 0) throw new Error(`${line}: ${stderr.trim()}`);
    return `${stdout}${stderr}`;
  }

  /** By the guide's command; returns the digest. */
  async function pushImage(name: ImageName, repository: string): Promise<string> {
    const [image] = await ensureImages([name], () => undefined);
    const line = copyImage
      .replace('oci-archive:ARCHIVE', `oci-archive:${image?.archive ?? 'of the image'}`)
      .replace('/platform/mcp-lifecycle:', `/${repository}:`);
    await run(`${line} --digestfile digest`);
    return (await readFile(join(folder, 'digest'), 'utf8')).trim();
  }

  async function start(...command: readonly string[]): Promise<void> {
    running.push(startProgram(await commandInCluster(cluster, command), cluster.environment));
  }

  /** The registry, what is before it, and nodes that trust the CA of that. */
  async function startRegistry(): Promise<void> {
    const address = await addressOfNode();
    registry = `${address}:${ports.front}`;
    const pki = join(folder, 'pki');
    await writeCertificates(pki, [{ file: 'front', subject: '/CN=registry', alternativeNames: `IP:${address}` }]);
    await cp(join(pki, 'ca.crt'), join(folder, 'ca.crt'));
    trusted = join(buildLayout(cluster.settings.directory).config, 'certs.d', registry);
    await mkdir(trusted, { recursive: true });
    await writeFile(join(trusted, 'hosts.toml'), `[host."https://${registry}"]\n  ca = "${join(folder, 'ca.crt')}"\n`);

    const program = await ensureChartTool(resolveSettings({}, process.env).cache, 'registry', say);
    await start(program, '-port', String(ports.registry));
    const front = fileURLToPath(new URL('front-process.ts', import.meta.url));
    const [password, certificate] = ['of-the-platform', join(pki, 'front')];
    await writeFile(join(folder, 'password'), password);
    const args = [String(ports.front), String(ports.registry), certificate, `platform:${password}`];
    await start(process.execPath, front, ...args);
    await eventually('the registry answers', () =>
      run(`curl --fail --silent --cacert ca.crt --user platform:${password} https://${registry}/v2/`).then(
        () => true,
        () => false,
      ),
    );
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
    cluster = await localCluster();
    folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-registry-'));
    await cp(chart, join(folder, 'chart'), { recursive: true });
    await ensureHostPackages(say, { skopeo: 'skopeo' });
    await startRegistry();
    await uninstallChart();
  }, 900_000);

  // Whatever happened: the next case finds the chart installed.
  afterAll(async () => {
    await restoreChart();
    await kubectlOk(['delete', 'secret', 'registry', '--namespace', release.namespace, '--ignore-not-found']);
    if (trusted !== undefined) await rm(trusted, { recursive: true });
    for (const program of running) await program.stop();
    await rm(folder, { recursive: true });
  });

  it('takes nothing of strangers, and them by the commands of the guide', async () => {
    await expect(pushImage('mcp-lifecycle', 'platform/mcp-lifecycle')).rejects.toThrow(
      /authentication required|unauthorized/,
    );
    for (const line of logIn) await run(line);
    const image = await pushImage('mcp-lifecycle', 'platform/mcp-lifecycle');
    const server = await pushImage('server-everything', 'tools/everything');
    await run(pack);
    const [ofChart = ''] = /sha256:[0-9a-f]{64}/.exec(await run(push)) ?? [];
    digests = { image, server, chart: ofChart };
    expect(Object.values(digests)).toEqual(
      Array.from({ length: 3 }, () => expect.stringMatching(/^sha256:[0-9a-f]{64}$/)),
    );
  }, 300_000);

  it('is what Helm installs by the version of the chart', async () => {
    await run(`${install} --set 'imagePullSecrets[0].name=registry'`);
    expect(new Set(await ourImages())).toEqual(new Set([`${registry}/platform/mcp-lifecycle:0.1.0`]));
  }, 360_000);

  it('is what Helm upgrades to by the digests of chart and image', async () => {
    const line = upgrade.replace('IMAGE_DIGEST', digests.image).replace('DIGEST', digests.chart);
    await run(line);
    expect(new Set(await ourImages())).toEqual(new Set([`${registry}/platform/mcp-lifecycle@${digests.image}`]));
    const other = line.replace(digests.chart, `sha256:${'0'.repeat(64)}`);
    await expect(run(other)).rejects.toThrow(/not found/);
  }, 360_000);

  it('is enough for the preset of a restricted network: servers of the mirror run, others are refused', async () => {
    const [port] = (
      await list({ namespace: 'default' }, 'endpointslices', 'kubernetes.io/service-name=kubernetes')
    ).map(({ ['ports']: ports }) => (ports as readonly { readonly port: number }[])[0]?.port);
    const yours = {
      image: { registry, repository: 'platform/mcp-lifecycle', digest: digests.image },
      imagePullSecrets: [{ name: 'registry' }],
      policy: { rules: { 'image-registry': { parameters: { allowed: [registry] } } } },
      networkPolicy: { apiServerPorts: [port] },
    };
    await writeFile(join(folder, 'yours.yaml'), JSON.stringify(yours));
    await run(`helm pull oci://${registry}/charts/mcp-lifecycle@${digests.chart} --untar --untardir pulled`);
    const pulled = 'pulled/mcp-lifecycle';
    const values = `--values ${pulled}/presets/restricted-network.yaml --values yours.yaml`;
    await run(`helm upgrade mcp-lifecycle ${pulled} --namespace ${release.namespace} --reset-values --wait ${values}`);

    const serverOf = (ref: string, containerImage: object = {}): object =>
      everythingServer('everything', {
        source: { type: 'ContainerImage', containerImage: { ref, ...containerImage } },
        network: { egressTo: [{ podSelector: { matchLabels: { app: 'database' } } }] },
      });
    const ofMirror = `${registry}/tools/everything@${digests.server}`;
    await eventually('another registry is refused', async () => {
      const args = ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'];
      const { code, stderr } = await kubectl(args, serverOf(`quay.io/tools/everything@${digests.server}`));
      return code !== 0 && stderr.includes('[image-registry]');
    });
    await apply(namespace, serverOf(ofMirror));
    const told = await eventually('it is told that nobody let the node in', async () => {
      const { message = '' } = conditionOf(await get(namespace, 'mcpservers', 'everything'), 'Available') ?? {};
      return message.includes('Image pull failed') && message;
    });
    expect(told).toMatch(/authoriz|credentials|401/);

    const [, , secretOfGuide = ''] = logIn;
    await run(secretOfGuide.replace(release.namespace, namespace));
    await apply(namespace, serverOf(ofMirror, { imagePullSecrets: [{ name: 'registry' }] }));
    await untilCondition(namespace, 'everything', { type: 'Verified', status: 'True' });
    expect(await imagesOfPods({ namespace }, 'mcp-server=everything')).toEqual([ofMirror]);
    await kubectlOk(['delete', 'mcpserver', 'everything', '--namespace', namespace]);
  }, 420_000);
});
