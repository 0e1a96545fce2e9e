import { describe, expect, it } from '@jest/globals';
import { FIELD_MANAGER } from '../../../webhooks/core/mcpserver/names.ts';
import { renderYaml } from '../../../webhooks/platform/manifests/render-yaml.ts';
import { apply, get, kubectlOk } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** What the YAML reader of API servers refuses or changes when it is sent as it is, one of each class. */
const odd = ['\u0001', '\u007F', '\u0080', '\u0085', '\u009F', '\u2028', '\u2029', '\uFEFF', '\uFFFE', '\uFFFF'];
const text = `a ${odd.join(' ')} \u{1F914} \\ud83e b`;
const path = `/odd ${odd.join('')}`;

interface Deployment {
  readonly metadata: {
    readonly annotations: Readonly<Record<string, string>>;
    readonly managedFields: readonly { readonly manager: string; readonly fieldsV1: object }[];
  };
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}

interface Container {
  readonly env: readonly object[];
  readonly args: readonly string[];
  readonly volumeMounts: readonly { readonly mountPath: string }[];
}

describe('text that admission accepts', () => {
  const namespace = useNamespace();
  const deploymentOf = async (name: string): Promise<Deployment> => {
    await untilCondition(namespace, name, { type: 'Available', status: 'True' });
    const query = ['get', 'deployment', name, '--namespace', namespace, '--output', 'json', '--show-managed-fields'];
    return JSON.parse(await kubectlOk(query)) as Deployment;
  };

  it('reaches the Deployment as it is, whatever YAML makes of its characters', async () => {
    const config = {
      port: 8080,
      arguments: [text],
      env: [{ name: 'ODD', value: text }],
      storage: [{ path, permissions: 'ReadWrite', source: { type: 'EmptyDir', emptyDir: {} } }],
    };
    const extraAnnotations = { 'example.com/odd': text };
    await apply(namespace, kubernetesServer('odd', { runtime: { replicas: 0 }, config, extraAnnotations }));
    const { metadata, spec } = await deploymentOf('odd');
    expect(metadata.annotations['example.com/odd']).toBe(text);
    expect(spec.template.spec.containers).toMatchObject([
      { args: [text], env: [{ name: 'ODD', value: text }], volumeMounts: [{ mountPath: path }] },
    ]);
    // By this key we know the mount for ours again; read otherwise, it would be drift for ever.
    const ours = metadata.managedFields.find(({ manager }) => manager === FIELD_MANAGER);
    const keys = JSON.stringify(ours?.fieldsV1)
      .match(/k:\{\\"mountPath.*?\}/g)
      ?.map((key) => JSON.parse(`"${key}"`) as string);
    expect(keys?.map((key) => JSON.parse(key.slice(2)) as object)).toEqual([{ mountPath: path }]);
  });

  it('is read by kubectl as it is in what render prints', async () => {
    const data = { odd: text, lines: `${text}\n${text}` };
    const manifest = renderYaml([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'odd' }, data }]);
    const dryRun = ['create', '--dry-run=server', '--namespace', namespace, '--output', 'json', '--filename', '-'];
    expect(JSON.parse(await kubectlOk(dryRun, manifest))).toMatchObject({ data });
  });

  it('holds no half of a surrogate pair: the API server reads U+FFFD', async () => {
    const extraAnnotations = { 'example.com/half': 'HALF' };
    const half = JSON.stringify(kubernetesServer('half', { runtime: { replicas: 0 }, extraAnnotations }));
    const servers = `/apis/mcp.x-k8s.io/v1beta1/namespaces/${namespace}/mcpservers`;
    await kubectlOk(['create', '--raw', servers, '--filename', '-'], half.replace('HALF', 'a\\ud83eb'));
    const { metadata } = await deploymentOf('half');
    expect(metadata.annotations['example.com/half']).toBe('a\uFFFDb');
    expect((await get(namespace, 'mcpservers', 'half'))?.status).toMatchObject({ observedGeneration: 1 });
  });
});
