/**
 * @alone it installs, upgrades and removes the chart, by another Helm.
 * @slow eight installations; the first time Helm 3 is built, which takes minutes.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import { parseRendered, templateBare, type Manifest } from '../../../scripts/chart/render.ts';
import { writeVariants, type Variant } from '../../../scripts/chart/variants.ts';
import { requireCommand, runCommand } from '../../../scripts/cluster/command.ts';
import { componentVersions } from '../../../scripts/cluster/packages/binaries.ts';
import { ensureChartTool } from '../../../scripts/cluster/packages/chart-tools.ts';
import { resolveSettings } from '../../../scripts/cluster/settings.ts';
import { imageValues, release } from '../../../scripts/quickstart/install.ts';
import { helmOk, laterChart, programImage, uninstallChart } from '../../harness/chart.ts';
import { settledFingerprint } from '../../harness/children.ts';
import { restoreChart } from '../../harness/installation.ts';
import { apply, get, kubectl, kubectlOk } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { withoutFarewells } from '../../harness/replicas.ts';

const chart = fileURLToPath(new URL('../../../chart', import.meta.url));
const guide = await readFile(new URL('../../../docs/guides/install.md', import.meta.url), 'utf8');
const say = (line: string): boolean => process.stderr.write(`${line}\n`);
/** Helm asks nobody when it renders, and one that is built from its module takes itself to be for Kubernetes 1.20. */
const version = componentVersions.kubernetes;
const inRelease = ['--namespace', release.namespace];

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-helm-3-'));
  program = await ensureChartTool(resolveSettings({}, process.env).cache, 'helm-3', say);
}, 1_800_000);

afterAll(() => rm(folder, { recursive: true }));

/** Helm 3 with these arguments; what must succeed. Returns what it printed. */
async function helm3(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand([program, ...args]);
  if (code !== 0) throw new Error(`helm 3 ${args.join(' ')}: ${stderr.trim()}`);
  return stdout;
}

describe('Helm 3 and Helm 4', () => {
  let variants: readonly Variant[];

  beforeAll(async () => {
    variants = await writeVariants(folder);
  });

  const idOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
  const byId = (text: string): readonly Manifest[] =>
    [...parseRendered(text)].sort((one, other) => idOf(one).localeCompare(idOf(other)));

  it('render the same objects in every variant, and lint accepts them', async () => {
    expect(variants.length).toBeGreaterThan(15);
    for (const { name, args } of variants) {
      const of3 = byId(await helm3('template', release.name, chart, ...inRelease, '--kube-version', version, ...args));
      const of4 = byId(await templateBare('--kube-version', version, ...args));
      expect([name, of3.map(idOf)]).toEqual([name, of4.map(idOf)]);
      const other = of3.filter((object, index) => !isDeepStrictEqual(object, of4[index])).map(idOf);
      expect([name, other]).toEqual([name, []]);
      await helm3('lint', '--strict', chart, '--kube-version', version, ...args);
    }
  }, 600_000);
});

describe('Helm 3', () => {
  const namespace = useNamespace();
  let image: readonly string[];
  let before: readonly string[];
  let rendered = '';

  const replicas = async (): Promise<unknown> =>
    (await get(release.namespace, 'deployments', release.name))?.spec?.['replicas'];
  const untilServed = (name: string): Promise<unknown> =>
    untilCondition(namespace, name, { type: 'Verified', status: 'True' });

  /** What the guide has behind this beginning, with the image that is here. */
  async function sample(begin: string): Promise<string> {
    const { reference } = await programImage();
    const [, registry = '', repository = '', tag = ''] = /^([^/]+)\/([^:]+):(.*)$/.exec(reference) ?? [];
    const [text = ''] = (guide.split(begin)[1] ?? '').split('```');
    return text
      .replace('registry.example.com', registry)
      .replace('platform/mcp-lifecycle', repository)
      .replace(/(['"])0\.1\.0['"]/, `$1${tag}$1`);
  }

  /** What is rendered, without a difference after the first time. */
  async function appliesTwice(): Promise<void> {
    const job = parseRendered(rendered).find(({ kind }) => kind === 'Job')?.metadata.name ?? 'of the check';
    // The kept CRDs are of the release that is gone.
    await kubectlOk(['apply', '--filename', '-'], rendered);
    await kubectlOk(['wait', '--for=condition=Complete', `job/${job}`, '--timeout=300s', ...inRelease]);
    // It ends with 1 when something differs.
    const same = { code: 0, stdout: '' };
    expect(await kubectl(['diff', '--filename', '-'], rendered)).toMatchObject(same);
    await kubectlOk(['apply', '--filename', '-'], rendered);
    expect(await kubectl(['diff', '--filename', '-'], rendered)).toMatchObject(same);
  }

  beforeAll(async () => {
    image = imageValues((await programImage()).reference);
    await uninstallChart();
  });

  // Whatever happened: the next case finds the chart installed, by Helm 4.
  afterAll(async () => {
    await deleteRendered();
    await withoutFarewells(() => helm3('uninstall', 'another', ...inRelease, '--wait', '--ignore-not-found'));
    await restoreChart();
  });

  /** What Kustomize had applied, but the CRDs. */
  async function deleteRendered(): Promise<void> {
    const ours = ['delete', '--ignore-not-found', '--filename', '-'];
    if (rendered !== '') await withoutFarewells(() => kubectlOk(ours, withoutCrds(rendered)));
    rendered = '';
  }

  it('installs, and what it installed answers', async () => {
    await helm3('install', release.name, chart, ...inRelease, '--create-namespace', '--wait', ...image);
    await helm3('test', release.name, ...inRelease);
    await apply(namespace, kubernetesServer('steady'));
    await untilServed('steady');
    before = await settledFingerprint(namespace);
  }, 420_000);

  it('upgrades to a later version with other values, and rolls back', async () => {
    const later = await laterChart();
    await helm3(
      'upgrade',
      release.name,
      later,
      ...inRelease,
      '--wait',
      '--reset-then-reuse-values',
      '--set',
      'replicas=1',
      ...image,
    );
    expect(await replicas()).toBe(1);
    await helm3('rollback', release.name, ...inRelease, '--wait');
    expect(await replicas()).toBe(2);
    await rm(later, { recursive: true });
  }, 420_000);

  it('leaves a release that Helm 4 upgrades', async () => {
    await helmOk('upgrade', release.name, chart, '--wait', '--reset-then-reuse-values', '--set', 'replicas=1');
    expect(await replicas()).toBe(1);
  }, 420_000);

  it('uninstalls, and what runs stays as it was', async () => {
    await withoutFarewells(() => helm3('uninstall', release.name, ...inRelease, '--wait'));
    expect(await get(release.namespace, 'deployments', release.name)).toBeUndefined();
    expect(await settledFingerprint(namespace)).toEqual(before);
    expect(await get(namespace, 'mcpservers', 'steady')).toBeDefined();
  }, 420_000);

  it('renders for Kustomize, which applies all of it twice without a difference', async () => {
    await writeFile(join(folder, 'kustomization.yaml'), await sample('```yaml\n# kustomization.yaml\n'));
    await cp(chart, join(folder, 'charts', 'mcp-lifecycle'), { recursive: true });
    const withHelm3 = ['--enable-helm', '--helm-command', program, '--helm-kube-version', version];
    rendered = await kubectlOk(['kustomize', folder, ...withHelm3]);
    await appliesTwice();
    await apply(namespace, kubernetesServer('newcomer'));
    await untilServed('newcomer');
  }, 420_000);

  it('renders for cdk8s, which is the same', async () => {
    const run = (...command: readonly string[]): Promise<string> =>
      requireCommand(command, 'npm has to reach its registry', { cwd: folder });
    const packages = ['cdk8s@2.70.106', 'constructs@10.8.1'];
    await run('npm', 'install', '--silent', '--no-audit', '--no-fund', '--no-save', ...packages);
    const flags = `helmFlags: ['--kube-version', '${version}'],\n  values`;
    const program = (await sample('```js\n// main.mjs\n')).replace('values', flags);
    await writeFile(join(folder, 'main.mjs'), program);
    await run(process.execPath, 'main.mjs');
    rendered = await readFile(join(folder, 'dist', 'mcp-lifecycle.k8s.yaml'), 'utf8');
    await appliesTwice();
    await apply(namespace, kubernetesServer('latecomer'));
    await untilServed('latecomer');
  }, 420_000);

  it('takes a CRD of others over with --take-ownership, as ours is, and refuses it without', async () => {
    const crd = 'mcpservers.mcp.x-k8s.io';
    const specOf = async (): Promise<unknown> => (await get(release.namespace, 'crds', crd))?.spec;
    await deleteRendered();
    const ours = await specOf();
    // As that of the reference operator, which has no `extensions`, and no column of ours.
    const patch = ['schema/openAPIV3Schema/properties/spec/properties/extensions', 'additionalPrinterColumns'].map(
      (path) => ({ op: 'remove', path: `/spec/versions/0/${path}` }),
    );
    await kubectlOk(['patch', 'crd', crd, '--type', 'json', '--patch', JSON.stringify(patch)]);

    const another = ['install', 'another', chart, ...inRelease, '--wait', ...image];
    await expect(helm3(...another)).rejects.toThrow(/cannot be imported into the current release/);
    // Helm 4 would refuse fields of others; this one asks nobody, and knows no such flag.
    await expect(helm3(...another, '--take-ownership', '--force-conflicts')).rejects.toThrow(/unknown flag/);
    await helm3(...another, '--take-ownership');
    await helm3('test', 'another', ...inRelease);
    expect(await specOf()).toEqual(ours);
    await apply(namespace, kubernetesServer('taken-over'));
    await untilServed('taken-over');
  }, 420_000);
});

/** All but what every MCPServer would go with. */
function withoutCrds(text: string): string {
  return text
    .split(/^---\n/m)
    .filter((part) => !part.includes('\nkind: CustomResourceDefinition\n'))
    .join('---\n');
}
