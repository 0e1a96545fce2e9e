import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { resolveSettings } from '../cluster/settings.ts';
import { ensureTools } from '../cluster/tools.ts';
import { imageValues } from '../quickstart/install.ts';

const chart = fileURLToPath(new URL('../../chart/', import.meta.url));

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
  readonly webhooks?: readonly Readonly<Record<string, unknown>>[];
  readonly spec?: Readonly<Record<string, unknown>>;
}

let helm = '';

beforeAll(async () => {
  helm = `${await ensureTools(resolveSettings({}, process.env).cache)}/helm`;
}, 60_000);

/** With every value at its default: no image. */
async function templateBare(...args: readonly string[]): Promise<string> {
  const command = ['template', 'mcp-lifecycle', chart, '--namespace', 'mcp-lifecycle-system', ...args];
  const { stdout } = await promisify(execFile)(helm, command, { maxBuffer: 16 * 2 ** 20 });
  return stdout;
}

function template(...args: readonly string[]): Promise<string> {
  return templateBare('--set', 'image.repository=mcp-lifecycle', ...args);
}

async function render(...args: readonly string[]): Promise<readonly Manifest[]> {
  const documents = parseAllDocuments(await template(...args)) as readonly { toJS(): unknown }[];
  // A template that renders to a comment is a document without an object.
  return documents.flatMap((document) => (document.toJS() as Manifest | null) ?? []);
}

/** `webhook.failurePolicy.validating`: every key of values.yaml that has no keys below it. */
function leafPaths(value: unknown, path: readonly string[] = []): readonly string[] {
  const isBranch =
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
  if (!isBranch) return [path.join('.')];
  return Object.entries(value).flatMap(([key, below]) => leafPaths(below, [...path, key]));
}

describe('the chart', () => {
  it('renders the same bytes twice', async () => {
    expect(await template()).toBe(await template());
  });

  it('passes helm lint', async () => {
    await promisify(execFile)(helm, ['lint', '--strict', chart]);
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
    ['no replica', ['--set', 'replicas=0']],
    ['a webhook on the port of the metrics', ['--set', 'webhook.port=8080']],
  ])('refuses %s', async (_what, args) => {
    await expect(template(...args)).rejects.toThrow(/values don't meet the specifications/);
  });

  it('refuses a shutdown delay that the grace period cuts off', async () => {
    await expect(template('--set', 'webhook.shutdownDelaySeconds=20')).rejects.toThrow(/at least 15 below/);
  });

  it('installs as the README says', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    const commands = [...readme.replaceAll('\\\n', ' ').matchAll(/^helm (?:install|upgrade) (\S+) chart (.*)$/gm)];
    expect(commands.length).toBeGreaterThan(0);
    for (const [, , flags = ''] of commands) {
      // As they stand: helm template knows every flag of helm install.
      expect(await templateBare(...flags.trim().split(/\s+/))).toContain(
        'image: registry.example.com/platform/mcp-lifecycle:',
      );
    }
  });

  it('says how to get an image when none is named', async () => {
    await expect(templateBare()).rejects.toThrow(
      /image\.repository is not set: .*npm run image.*--set image\.registry=/,
    );
  });

  it.each([
    ['registry.example.com:5000/mcp:1.2.3', ['image.registry=registry.example.com:5000', 'image.tag=1.2.3']],
    ['ghcr.io/acme/mcp:0.1.0', ['image.repository=ghcr.io/acme/mcp']],
    [`mcp@sha256:${'a'.repeat(64)}`, [`image.digest=sha256:${'a'.repeat(64)}`, 'image.tag=1.2.3']],
  ])('pulls %s in every container', async (image, settings) => {
    const text = await templateBare(...['image.repository=mcp', ...settings].flatMap((setting) => ['--set', setting]));
    expect([...text.matchAll(/ image: (\S+)/g)].map((match) => match[1])).toEqual([image, image, image]);
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

  it('gives exactly the rights that the programs use', async () => {
    const roles = (await render()).filter(({ kind }) => kind.endsWith('Role'));
    const rights = roles.flatMap(({ kind, rules = [] }) =>
      rules.map(({ apiGroups, resources, verbs, resourceNames }) =>
        [kind, apiGroups.join(), resources.join(), verbs.join(), ...(resourceNames ?? [])].join(' | '),
      ),
    );
    expect(rights).toMatchInlineSnapshot(`
     [
       "ClusterRole | mcp.x-k8s.io | mcpservers | get,list,watch",
       "ClusterRole | mcp.x-k8s.io | mcpservers/status | patch",
       "ClusterRole | mcp.x-k8s.io | mcpservers/finalizers | update",
       "ClusterRole | apps | deployments | get,list,watch,create,patch,delete",
       "ClusterRole | networking.k8s.io | networkpolicies | get,list,watch,create,patch,delete",
       "ClusterRole |  | services | get,list,watch,create,patch,delete",
       "ClusterRole |  | configmaps,secrets | get,list,watch",
       "ClusterRole |  | pods | get,list,watch",
       "ClusterRole | events.k8s.io | events | create",
       "ClusterRole | admissionregistration.k8s.io | mutatingwebhookconfigurations,validatingwebhookconfigurations | get,list,watch,patch | mcp-lifecycle",
       "Role | mcp.x-k8s.io | mcpservers | create",
       "Role |  | secrets | get,list,watch,patch | mcp-lifecycle-certificate",
       "Role | coordination.k8s.io | leases | get,update | mcp-lifecycle-leader",
     ]
    `);
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
