import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../../webhooks/cli/testing/run-cli.ts';
import { loadPolicyReader } from '../../webhooks/platform/policy/load-policy-reader.ts';
import { at, chart, render, templateBare, type Manifest } from './render.ts';

const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-presets-'));
const guide = await readFile(new URL('../../docs/guides/install.md', import.meta.url), 'utf8');
const files = (await readdir(`${chart}presets`)).sort();

afterAll(() => rm(folder, { recursive: true }));

/** What the guide has people say besides, as a file. */
async function writeYours(): Promise<string> {
  const [, text = ''] = /```yaml\n# yours\.yaml\n([^`]*)```/.exec(guide) ?? [];
  await writeFile(join(folder, 'yours.yaml'), text);
  return join(folder, 'yours.yaml');
}

const preset = (name: string): readonly string[] => ['--values', `${chart}presets/${name}.yaml`];

function find(manifests: readonly Manifest[], kind: string): Manifest | undefined {
  return manifests.find((manifest) => manifest.kind === kind);
}

const pods = 'spec.template.spec';

describe('a preset', () => {
  it('is described in the guide, each of them', () => {
    const rows = [...guide.matchAll(/^\| `([a-z-]+\.yaml)` \|/gm)].map(([, file]) => file);
    expect(rows.sort()).toEqual(files);
  });

  it('goes together with what the others say, but for those that contradict it', async () => {
    for (const first of ['one-node', 'high-availability']) {
      const others = ['hosted-control-plane', 'restricted-network'].flatMap(preset);
      const manifests = await render(...preset(first), ...others, '--values', await writeYours());
      expect(find(manifests, 'Deployment')).toBeDefined();
    }
  });

  it('for one node has one pod, which a drain may take', async () => {
    const manifests = await render(...preset('one-node'));
    expect(at(find(manifests, 'Deployment'), 'spec.replicas')).toBe(1);
    expect(find(manifests, 'PodDisruptionBudget')).toBeUndefined();
    const resources = at(find(manifests, 'Deployment'), `${pods}.containers.0.resources`);
    // What it does not name stays.
    expect(resources).toEqual({ requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '96Mi' } });
  });

  it('for high availability insists on different nodes and even zones, and makes room', async () => {
    const manifests = await render(...preset('high-availability'), '--set', 'nameOverride=other');
    const deployment = find(manifests, 'Deployment');
    expect(at(deployment, 'spec.replicas')).toBe(3);
    expect(find(manifests, 'PodDisruptionBudget')).toBeDefined();
    expect(at(deployment, `${pods}.priorityClassName`)).toBe('system-cluster-critical');
    const about = { labelSelector: { matchLabels: at(deployment, 'spec.selector.matchLabels') } };
    const always = {
      ...about,
      matchLabelKeys: ['pod-template-hash'],
      maxSkew: 1,
      nodeTaintsPolicy: 'Honor',
      whenUnsatisfiable: 'DoNotSchedule',
    };
    expect(at(deployment, `${pods}.topologySpreadConstraints`)).toEqual([
      { ...always, topologyKey: 'kubernetes.io/hostname', minDomains: 3 },
      { ...always, topologyKey: 'topology.kubernetes.io/zone' },
    ]);
  });

  it('for a hosted control plane has the port that it reaches, and time for the way', async () => {
    const manifests = await render(...preset('hosted-control-plane'), '--set', 'networkPolicy.enabled=true');
    const ports = at(find(manifests, 'Deployment'), `${pods}.containers.0.ports`);
    expect(ports).toContainEqual({ name: 'webhook', containerPort: 10_250 });
    for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']) {
      const configuration = find(manifests, kind);
      expect(configuration?.metadata.annotations).toEqual({ 'admissions.enforcer/disabled': 'true' });
      expect(at(configuration, 'webhooks.0.timeoutSeconds')).toBe(10);
    }
    expect(at(find(manifests, 'NetworkPolicy'), 'spec.ingress.0')).toEqual({
      ports: [{ port: 10_250, protocol: 'TCP' }],
    });
  });
});

describe('the preset for a restricted network', () => {
  const restricted = preset('restricted-network');

  it('has every image from the mirror, and by its digest', async () => {
    const text = await templateBare(...restricted, '--values', await writeYours());
    const images = [...text.matchAll(/ image: (\S+)/g)].map(([, image]) => image);
    expect(images.length).toBeGreaterThan(2);
    for (const image of images) expect(image).toMatch(/^mirror\.example\.com\/\S+@sha256:[0-9a-f]{64}$/);
  });

  it('is refused by Helm as long as nobody says which image, or where images of servers may come from', async () => {
    const yours = ['--values', await writeYours()];
    await expect(render(...restricted, ...yours, '--set', 'image.digest=')).rejects.toThrow(
      /image\.requireDigest is set, and image\.digest is not/,
    );
    const refusal = String(await render(...restricted).catch((error: unknown) => error));
    expect(refusal).toMatch(/image-registry': missing property 'parameters'/);
    // It named what an action has to be to switch the rule off, first.
    expect(refusal).not.toMatch(/anyOf|'off'/);
  });

  it('has a policy that refuses other registries, tags alone, and servers that may reach anything', async () => {
    const manifests = await render(...restricted, '--values', await writeYours());
    const configMap = manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('-policy'));
    const data = Object(at(configMap, 'data')) as Readonly<Record<string, string>>;
    const read = (await loadPolicyReader())(data['policy.yaml'] ?? '');
    expect(read).toMatchObject({ ok: true, ignored: [] });
    await writeFile(join(folder, 'policy.yaml'), data['policy.yaml'] ?? '');
    const judge = async (spec: object): Promise<{ readonly code: number; readonly out: string }> => {
      const server = { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'a' }, spec };
      return runCli(['check', '--policy', join(folder, 'policy.yaml'), '-'], JSON.stringify(server));
    };
    const serverOf = (ref: string, network: object): object => ({
      ...{ source: { type: 'ContainerImage', containerImage: { ref } }, config: { port: 8080 }, network },
    });
    const egressTo = [{ podSelector: { matchLabels: { app: 'database' } } }];
    const good = `mirror.example.com/tools/search@sha256:${'a'.repeat(64)}`;
    expect(await judge(serverOf(good, { egressTo }))).toMatchObject({ code: 0 });
    const { code, out } = await judge(serverOf('quay.io/tools/search:1.4.0', {}));
    expect(code).toBe(1);
    for (const rule of ['image-registry', 'image-digest', 'network-egress-limited']) expect(out).toContain(`[${rule}]`);
    expect(find(manifests, 'NetworkPolicy')).toBeDefined();
  });
});
