import { readFile, rm } from 'node:fs/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { writeParent, type Parent } from './parent.ts';
import { at, chart, parseRendered, runHelm, type Manifest } from './render.ts';

const image = { repository: 'platform/mcp-lifecycle' };
const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** Which is removed after the test. */
async function newParent(parent: Parent): Promise<string> {
  const folder = await writeParent(parent);
  folders.push(folder);
  return folder;
}

async function renderParent(parent: Parent, ...args: readonly string[]): Promise<readonly Manifest[]> {
  const folder = await newParent(parent);
  return parseRendered(await runHelm('template', 'platform', folder, '--namespace', 'mcp', ...args));
}

function kindsOf(manifests: readonly Manifest[]): readonly string[] {
  return manifests.map(({ kind }) => kind);
}

/** The specs of all pods that the chart makes: of the programs, of the check after an upgrade, of `helm test`. */
function podsOf(manifests: readonly Manifest[]): readonly unknown[] {
  const pods = manifests.flatMap((manifest) =>
    manifest.kind === 'Pod' ? [at(manifest, 'spec')] : [at(manifest, 'spec.template.spec')],
  );
  const found = pods.filter((pod) => pod !== undefined);
  expect(found).toHaveLength(3);
  return found;
}

const condition = { condition: 'mcp-lifecycle.enabled' };

describe('a parent chart', () => {
  it('takes the chart in by its condition', async () => {
    const values = { 'mcp-lifecycle': { enabled: true, image } };
    expect(kindsOf(await renderParent({ dependency: condition, values }))).toContain('Deployment');
  });

  it('leaves the chart out by its condition, on the command line too', async () => {
    const values = { 'mcp-lifecycle': { enabled: true, image } };
    const manifests = await renderParent({ dependency: condition, values }, '--set', 'mcp-lifecycle.enabled=false');
    expect(manifests).toEqual([]);
  });

  it('leaves the chart out by its tags: no default of ours speaks for the condition', async () => {
    const dependency = { ...condition, tags: ['ai'] };
    expect(await renderParent({ dependency, values: { tags: { ai: false }, 'mcp-lifecycle': { image } } })).toEqual([]);
  });

  it('is told when it says that the chart is not enabled and nothing asks for that', async () => {
    const parent = { dependency: { alias: 'mcp' }, values: { mcp: { enabled: false, image } } };
    await expect(renderParent(parent)).rejects.toThrow(/enabled is false, .*`condition: mcp\.enabled`/);
  });

  it('passes helm lint, values of the condition included', async () => {
    const folder = await newParent({ dependency: condition, values: { 'mcp-lifecycle': { enabled: true, image } } });
    await runHelm('lint', '--strict', folder);
  });

  it('is written as the install guide shows it', async () => {
    const guide = await readFile(new URL('../../docs/guides/install.md', import.meta.url), 'utf8');
    const sample = (file: string): unknown =>
      parse(new RegExp(`\`\`\`yaml\n# ${file} of the parent\n([^\`]*)`).exec(guide)?.[1] ?? '');
    const [repository, dependency] = [`file://${chart}`, at(sample('Chart\\.yaml'), 'dependencies.0') as object];
    const values = sample('values\\.yaml') as object;
    const pods = podsOf(await renderParent({ dependency: { ...dependency, repository }, values }));
    expect(at(pods[0], 'containers.0.image')).toMatch(/^registry\.example\.com\/mirror\/platform\/mcp-lifecycle:/);
  });

  it('shows notes of the chart', async () => {
    const folder = await newParent({ values: { 'mcp-lifecycle': { image, watchNamespaces: null } } });
    const notes = await runHelm('install', 'platform', folder, '--dry-run=client', '--render-subchart-notes');
    expect(notes).toContain('helm test platform');
  });

  it('names objects by its release and an alias, and finds them by it', async () => {
    const dependency = { alias: 'mcp', condition: 'mcp.enabled' };
    const manifests = await renderParent({ dependency, values: { mcp: { enabled: true, image } } });
    const deployment = manifests.find(({ kind }) => kind === 'Deployment');
    expect(deployment?.metadata.name).toBe('platform-mcp');
    const selector = { 'app.kubernetes.io/name': 'mcp', 'app.kubernetes.io/instance': 'platform' };
    expect(at(deployment, 'spec.selector.matchLabels')).toEqual(selector);
    const service = manifests.find(({ kind }) => kind === 'Service');
    expect(at(service, 'spec.selector')).toEqual(selector);
    expect(at(deployment, 'spec.template.metadata.labels')).toMatchObject(selector);
  });

  it('has global values of its own, and takes values of ours', async () => {
    const dependency = { 'import-values': [{ child: 'image', parent: 'mcpImage' }] };
    const values = {
      global: {
        imageRegistry: 'registry.example.com:5000/mirror/team',
        imagePullSecrets: ['mirror', { name: 'other' }],
      },
      'mcp-lifecycle': { image, imagePullSecrets: [{ name: 'ours' }, { name: 'mirror' }] },
    };
    const global = { ...values.global, storageClass: 'fast', postgresql: { auth: { existingSecret: 'db' } } };
    for (const pod of podsOf(await renderParent({ dependency, values: { ...values, global } }))) {
      expect(at(pod, 'containers.0.image')).toMatch(
        /^registry\.example\.com:5000\/mirror\/team\/platform\/mcp-lifecycle:/,
      );
      expect(at(pod, 'imagePullSecrets')).toEqual([{ name: 'ours' }, { name: 'mirror' }, { name: 'other' }]);
    }
  });
});

describe('a preset in a parent chart', () => {
  it('has every image by digest from the mirror of the parent, and is refused without a digest', async () => {
    const preset = parse(await readFile(`${chart}presets/restricted-network.yaml`, 'utf8')) as {
      readonly policy: { readonly rules: object };
    };
    const allowed = { 'image-registry': { action: 'deny', parameters: { allowed: ['mirror.example.com'] } } };
    const policy = { ...preset.policy, rules: { ...preset.policy.rules, ...allowed } };
    const valuesWith = (given: object): object => ({
      global: { imageRegistry: 'mirror.example.com' },
      'mcp-lifecycle': { ...preset, policy, image: { ...image, requireDigest: true, ...given } },
    });
    const digest = `sha256:${'a'.repeat(64)}`;
    for (const pod of podsOf(await renderParent({ values: valuesWith({ digest }) }))) {
      expect(at(pod, 'containers.0.image')).toBe(`mirror.example.com/platform/mcp-lifecycle@${digest}`);
    }
    await expect(renderParent({ values: valuesWith({}) })).rejects.toThrow(/image\.requireDigest is set/);
  });
});

describe('the ids of the pods', () => {
  const ids = { runAsUser: 65532, runAsGroup: 65532 };
  const renderIds = async (podSecurityContext?: object | null): Promise<readonly unknown[]> => {
    const values = { 'mcp-lifecycle': { image, ...(podSecurityContext === undefined ? {} : { podSecurityContext }) } };
    return podsOf(await renderParent({ values })).map((pod) => at(pod, 'securityContext'));
  };
  const always = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };

  it.each<[string, object | null | undefined, object]>([
    ['the one of the image by default', undefined, ids],
    ['left to the cluster by null, as restricted-v2 of OpenShift wants it', { runAsUser: null, runAsGroup: null }, {}],
    ['left to the cluster by an empty text', { runAsUser: '', runAsGroup: '', fsGroup: '' }, {}],
    ['left to the cluster when the whole is null', null, {}],
    [
      'others, however large',
      { runAsUser: 1_000_650_000, runAsGroup: 0, fsGroup: 1_000_650_000 },
      { runAsUser: 1_000_650_000, runAsGroup: 0, fsGroup: 1_000_650_000 },
    ],
  ])('are %s, in every pod, and nothing else goes', async (_what, given, expected) => {
    expect(await renderIds(given)).toEqual(Array.from({ length: 3 }, () => ({ ...always, ...expected })));
  });

  it.each([{ runAsUser: 0 }, { runAsNonRoot: false }, { runAsUser: '65532' }])('are refused as %j', async (given) => {
    await expect(renderIds(given)).rejects.toThrow(/values don't meet the specifications/);
  });
});

describe('null', () => {
  it('empties lists and maps', async () => {
    const empty = Object.fromEntries(
      [
        ...['watchNamespaces', 'commonLabels', 'podLabels', 'podAnnotations', 'extraEnv', 'imagePullSecrets'],
        ...['affinity', 'topologySpreadConstraints', 'tolerations', 'nodeSelector', 'podSecurityContext'],
      ].map((name) => [name, null]),
    );
    expect(kindsOf(await renderParent({ values: { global: null, 'mcp-lifecycle': { image, ...empty } } }))).toContain(
      'Deployment',
    );
  });

  it('is the default where nothing would be the wrong thing: every port, no heap, servers that go with the CRD', async () => {
    const nulls = {
      ...{ webhook: { heapMegabytes: null, timeoutSeconds: null }, reconciler: { heapMegabytes: null }, tls: null },
      ...{
        networkPolicy: { enabled: true, apiServerPorts: null, dnsPorts: null },
        crds: { keep: null },
        gateway: null,
      },
    };
    const networkPolicy = { enabled: true };
    expect(await renderParent({ values: { 'mcp-lifecycle': { image, ...nulls } } })).toEqual(
      await renderParent({ values: { 'mcp-lifecycle': { image, networkPolicy } } }),
    );
  });
});
