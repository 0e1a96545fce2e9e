import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { at, render, type Manifest } from '../chart/render.ts';
import { imageSettings, parseFlags } from './flags.ts';
import { buildManifests } from './manifests.ts';

// Each helm is a process of its own, and the machine may be busy.
const image = 'registry.example.com:5000/platform/mcp-lifecycle:0.1.0';

async function build(...values: readonly string[]): Promise<string> {
  return buildManifests({ image, namespace: 'system', values });
}

async function objects(...values: readonly string[]): Promise<readonly Manifest[]> {
  const documents = parseAllDocuments(await build(...values)) as readonly { toJS(): unknown }[];
  return documents.map((document) => document.toJS() as Manifest);
}

describe('the manifests', () => {
  it('are the objects of the chart in their namespace, without those of the hooks', async () => {
    const id = ({ kind, metadata }: Manifest): string => `${kind}/${metadata.name}`;
    const found = (await objects()).map(id);
    const ofChart = (await render('--set', 'admissionCheck.enabled=false')).map(id);
    expect(found[0]).toBe('Namespace/system');
    expect(found.slice(1)).toEqual(ofChart);
    expect(found.filter((name) => name.includes('admission'))).toEqual([]);
  });

  it('hold nothing that Helm would take for its own', async () => {
    const text = await build();
    expect(text).not.toContain('helm.sh');
    expect(text).not.toContain('managed-by');
    expect(text).not.toContain('annotations: {}');
  });

  it('name everything before what needs it, and the webhooks last', async () => {
    const kinds = (await objects()).map(({ kind }) => kind);
    const order = [
      'Namespace',
      'ServiceAccount',
      'CustomResourceDefinition',
      'Deployment',
      'ValidatingWebhookConfiguration',
    ];
    const named = kinds.filter((kind, at) => order.includes(kind) && kind !== kinds[at - 1]);
    expect(named).toEqual(order);
  });

  it('are put into the namespace that is asked for', async () => {
    const elsewhere = (await objects()).filter(({ metadata }) => (metadata.namespace ?? 'system') !== 'system');
    expect(elsewhere).toEqual([]);
  });

  it('fit into the annotation of kubectl apply', async () => {
    for (const object of await objects()) expect(JSON.stringify(object).length).toBeLessThan(256 * 1024);
  });

  it('take values of the chart', async () => {
    const deployment = (await objects('--set', 'replicas=3')).find(({ kind }) => kind === 'Deployment');
    expect(at(deployment, 'spec.replicas')).toBe(3);
    expect(at(deployment, 'spec.template.spec.containers.0.image')).toBe(image);
  });

  it('say what helm says about a wrong value', async () => {
    await expect(build('--set', 'replica=3')).rejects.toThrow(/additional properties 'replica' not allowed/);
  });

  it('are the same bytes each time', async () => {
    expect(await build()).toBe(await build());
  });
});

describe('the flags', () => {
  it('need an image', () => {
    expect(() => parseFlags([])).toThrow('--image is missing: no image is published yet');
  });

  it('are passed on as values', () => {
    expect(parseFlags(['--image', image, '--set', 'a=b', '--values', 'f.yaml', '--set=c=d'])).toEqual({
      ...{ help: false, image, namespace: 'mcp-lifecycle-system', output: 'dist/install.yaml' },
      values: ['--values', 'f.yaml', '--set', 'a=b', '--set', 'c=d'],
    });
  });

  it.each([['registry.example.com/mcp'], ['registry.example.com:5000/mcp'], ['a b:1'], ['mcp@sha256:12']])(
    'refuse the image %s',
    (reference) => {
      expect(() => imageSettings(reference)).toThrow(`--image ${reference} names no image`);
    },
  );

  const digest = `sha256:${'a'.repeat(64)}`;

  it.each([
    ['host:5000/mcp:1.2', 'host:5000/mcp', '1.2', ''],
    [`mcp@${digest}`, 'mcp', '', digest],
    [`host/mcp:1.2@${digest}`, 'host/mcp', '1.2', digest],
  ])('read the image %s', (reference, repository, tag, found) => {
    expect(imageSettings(reference)).toEqual(
      expect.arrayContaining([`image.repository=${repository}`, `image.tag=${tag}`, `image.digest=${found}`]),
    );
  });
});
