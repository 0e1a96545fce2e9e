import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { imageValues } from '../quickstart/install.ts';
import { at, chart, render, runHelm, template, templateBare } from './render.ts';

// Each helm is a process of its own, and the machine may be busy.
/** `webhook.failurePolicy.validating`: every key of values.yaml that has no keys below it. */
function leafPaths(value: unknown, path: readonly string[] = []): readonly string[] {
  const isBranch =
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
  if (!isBranch) return [path.join('.')];
  return Object.entries(value).flatMap(([key, below]) => leafPaths(below, [...path, key]));
}

/** Follows `properties` and `$ref`; what additionalProperties describes counts. */
function isDescribed(schema: unknown, [key, ...below]: readonly string[], node: unknown = schema): boolean {
  const reference = at(node, '$ref');
  if (typeof reference === 'string') {
    return isDescribed(
      schema,
      key === undefined ? [] : [key, ...below],
      at(schema, reference.slice(2).replaceAll('/', '.')),
    );
  }
  if (node === undefined || key === undefined) return node !== undefined;
  return isDescribed(schema, below, at(node, `properties.${key}`) ?? at(node, 'additionalProperties') ?? false);
}

function readPage(page: string): Promise<string> {
  return readFile(new URL(`../../${page}`, import.meta.url), 'utf8');
}

/** Rendered with this text as a file of values. */
async function templateWith(values: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-values-'));
  try {
    await writeFile(join(folder, 'values.yaml'), values);
    return await template('--values', join(folder, 'values.yaml'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('the chart', () => {
  it('renders the same bytes twice', async () => {
    const everything = 'networkPolicy.enabled=true,metrics.service.enabled=true,commonLabels.b=1x,commonLabels.a=2x';
    expect(await template('--set', everything)).toBe(await template('--set', everything));
  });

  it('passes helm lint', async () => {
    await runHelm('lint', '--strict', chart);
  });

  it('uses every value that it documents', async () => {
    const values: unknown = parse(await readFile(`${chart}values.yaml`, 'utf8'));
    const files = (await readdir(`${chart}templates`)).filter((file) => !file.startsWith('crd-'));
    const templates = (await Promise.all(files.map((file) => readFile(`${chart}templates/${file}`, 'utf8')))).join(
      '\n',
    );
    const crds = await readFile(`${chart}templates/crd-mcpservers.mcp.x-k8s.io.yaml`, 'utf8');
    const used = [...`${templates}\n${crds}`.matchAll(/\.Values\.([\w.]+)/g)].map(([, path]) => path);
    // `toYaml .Values.webhook.resources` uses everything below it.
    const unused = leafPaths(values).filter(
      (leaf) => !used.some((path) => leaf === path || leaf.startsWith(`${path ?? ''}.`)),
    );
    expect(unused).toEqual([]);
  });

  it.each([
    ['an unknown value', ['--set', 'replica=3']],
    ['an unknown value further down', ['--set', 'webhook.failurePolicy.validate=Ignore']],
    ['a failure policy that does not exist', ['--set', 'webhook.failurePolicy.validating=Maybe']],
    ['a tag within the repository', ['--set', 'image.repository=acme/mcp-lifecycle:1.0.0']],
    ['a registry with a scheme', ['--set', 'global.imageRegistry=https://registry.example.com']],
    ['a registry that ends in a slash', ['--set', 'image.registry=registry.example.com/mirror/']],
    ['no replica', ['--set', 'replicas=0']],
    ['a webhook on the port of the metrics', ['--set', 'webhook.port=8080']],
    ['a pod label that would leave the selector', ['--set-string', 'podLabels.app\\.kubernetes\\.io/name=other']],
    ['a common label that is ours', ['--set-string', 'commonLabels.helm\\.sh/chart=other']],
    ['a label value that no label can have', ['--set-string', 'podLabels.team=a team']],
    ['a constraint that constrains nothing', ['--set', 'topologySpreadConstraints[0].topologyKey=zone']],
    ['a misspelt kind of affinity', ['--set', 'affinity.podAntiAfinity.x=y']],
    ['a peer that is none', ['--set', 'networkPolicy.webhookFrom[0].cidr=10.0.0.0/8']],
    ['routes without what tells of them', ['--set', 'gateway.enabled=false,gateway.httpRoute.enabled=true']],
    [
      'a network policy without a way to an API server',
      ['--set', 'networkPolicy.apiServerPorts=null,networkPolicy.apiServerPorts={}'],
    ],
  ])('refuses %s', async (_what, args) => {
    await expect(template(...args)).rejects.toThrow(/values don't meet the specifications/);
  });

  it('names a misspelt value where it stands', async () => {
    await expect(template('--set', 'webhook.timeoutSecond=3')).rejects.toThrow(
      "at '/webhook': additional properties 'timeoutSecond' not allowed",
    );
  });

  it('has an entry in values.schema.json for every value', async () => {
    const values: unknown = parse(await readFile(`${chart}values.yaml`, 'utf8'));
    const schema: unknown = JSON.parse(await readFile(`${chart}values.schema.json`, 'utf8'));
    const unknown = leafPaths(values).filter((leaf) => !isDescribed(schema, leaf.split('.')));
    expect(unknown).toEqual([]);
  });

  it('refuses a shutdown delay that the grace period cuts off', async () => {
    await expect(template('--set', 'webhook.shutdownDelaySeconds=20')).rejects.toThrow(/at least 15 below/);
    await expect(template('--set', 'webhook.shutdownDelaySeconds=15')).resolves.toContain('value: "15"');
    const source = await readFile(new URL('../../webhooks/admission/start.ts', import.meta.url), 'utf8');
    const [, deadline = ''] = /const drainDeadlineMs = ([\d_]+);/.exec(source) ?? [];
    expect(Number(deadline.replaceAll('_', ''))).toBe(10_000);
  });

  it.each(['README.md', 'docs/guides/install.md'])('installs as %s says', async (page) => {
    const text = await readPage(page);
    const commands = [...text.replaceAll('\\\n', ' ').matchAll(/^helm install (\S+) chart (.*)$/gm)];
    expect(commands.length).toBeGreaterThan(0);
    for (const [, , flags = ''] of commands) {
      // As they stand, a shell's quotes excepted: helm template knows every flag of helm install.
      expect(await templateBare(...flags.replaceAll("'", '').trim().split(/\s+/))).toContain(
        'image: registry.example.com/platform/mcp-lifecycle:',
      );
    }
  });

  it('takes every value that a guide has set by an upgrade', async () => {
    const names = (await readdir(new URL('../../docs/guides/', import.meta.url))).filter((name) =>
      name.endsWith('.md'),
    );
    const texts = await Promise.all(names.map((name) => readPage(`docs/guides/${name}`)));
    const commands = texts.flatMap(
      (text) => text.replaceAll('\\\n', ' ').match(/^helm upgrade mcp-lifecycle (?:chart|CHART) .*$/gm) ?? [],
    );
    const settings = new Set(
      commands.map((line) => [...line.matchAll(/--set (\S+)/g)].map(([, setting]) => setting ?? '').join(',')),
    );
    settings.delete('');
    expect(settings.size).toBeGreaterThan(5);
    for (const setting of settings) await expect(template('--set', setting)).resolves.toContain('kind: Deployment');
  });

  it('takes the values that the install guide shows', async () => {
    const guide = await readPage('docs/guides/install.md');
    const samples = [...guide.matchAll(/```yaml\n# values\.yaml\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');
    expect(samples.length).toBeGreaterThan(2);
    for (const text of samples) await expect(templateWith(text)).resolves.toContain('kind: Deployment');
  });

  it('says how to get an image when none is named', async () => {
    await expect(templateBare()).rejects.toThrow(
      /image\.repository is not set: .*npm run image.*--set image\.registry=/,
    );
  });

  it.each([
    ['registry.example.com:5000/mcp:1.2.3', ['image.registry=registry.example.com:5000', 'image.tag=1.2.3']],
    ['registry.example.com/mirror/team/mcp:0.1.0', ['image.registry=registry.example.com/mirror/team']],
    ['mirror.test:5000/all/mcp:0.1.0', ['image.registry=ghcr.io', 'global.imageRegistry=mirror.test:5000/all']],
    ['mirror.test/mcp:0.1.0', ['image.registry=ghcr.io', 'global.imageRegistry=mirror.test']],
    ['ghcr.io/acme/mcp:0.1.0', ['image.repository=ghcr.io/acme/mcp']],
    [`mcp@sha256:${'a'.repeat(64)}`, [`image.digest=sha256:${'a'.repeat(64)}`, 'image.tag=1.2.3']],
  ])('pulls %s in every container', async (image, settings) => {
    const text = await templateBare(...['image.repository=mcp', ...settings].flatMap((setting) => ['--set', setting]));
    expect([...text.matchAll(/ image: (\S+)/g)].map((match) => match[1])).toEqual([image, image, image, image]);
  });

  it('installs the image of the quickstart by its reference', async () => {
    expect(await templateBare(...imageValues('local.test/mcp-lifecycle:0.1.0'))).toContain(
      'image: local.test/mcp-lifecycle:0.1.0',
    );
  });

  it('keeps every name within 63 characters, and names apart', async () => {
    const manifests = await render('--set', `fullnameOverride=${'a'.repeat(63)}`);
    const names = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    for (const { metadata } of manifests) expect(metadata.name.length).toBeLessThanOrEqual(63);
    expect(new Set(names).size).toBe(names.length);
  });

  it('claims the same webhook configurations as any other release, so that Helm refuses a second one', async () => {
    const names = async (...args: readonly string[]): Promise<readonly string[]> =>
      (await render('--set', 'crds.enabled=false', ...args))
        .filter(({ kind }) => kind.endsWith('WebhookConfiguration'))
        .map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    const first = await names();
    expect(first).toHaveLength(2);
    expect(await names('--set', 'fullnameOverride=second')).toEqual(first);
    // The webhook writes its CA bundle into them by that name.
    expect(await template('--set', 'fullnameOverride=second')).toMatch(
      /MUTATING_CONFIGURATION\n +value: mcp-lifecycle\n +- name: VALIDATING_CONFIGURATION\n +value: mcp-lifecycle\n/,
    );
  });

  it('leaves the CA bundle to the webhook', async () => {
    expect(await template('--set', 'crds.enabled=false')).not.toContain('caBundle');
  });

  it('keeps the CRD on uninstall unless told otherwise', async () => {
    const policy = async (...args: readonly string[]): Promise<string | undefined> =>
      (await render(...args)).find(({ kind }) => kind === 'CustomResourceDefinition')?.metadata.annotations?.[
        'helm.sh/resource-policy'
      ];
    expect(await policy()).toBe('keep');
    expect(await policy('--set', 'crds.keep=false')).toBeUndefined();
    const without = await render('--set', 'crds.enabled=false');
    expect(without.map(({ kind }) => kind)).not.toContain('CustomResourceDefinition');
  });

  it('puts a disruption budget beside several replicas only', async () => {
    const kinds = async (replicas: number): Promise<readonly string[]> =>
      (await render('--set', `replicas=${replicas}`)).map(({ kind }) => kind);
    expect(await kinds(2)).toContain('PodDisruptionBudget');
    expect(await kinds(1)).not.toContain('PodDisruptionBudget');
  });
});
