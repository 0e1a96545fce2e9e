import { describe, expect, it } from '@jest/globals';
import { apply, get, kubectlOk } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** What the YAML reader of API servers refuses or changes when it is sent as it is, one of each class. */
const odd = ['\u0001', '\u007F', '\u0080', '\u0085', '\u009F', '\u2028', '\u2029', '\uFEFF', '\uFFFE', '\uFFFF'];
const text = `a ${odd.join(' ')} \u{1F914} \\ud83e b`;

interface Container {
  readonly env: readonly object[];
  readonly args: readonly string[];
  readonly volumeMounts: readonly { readonly mountPath: string }[];
}

interface Deployment {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>>; readonly generation: number };
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}

describe('text that admission accepts', () => {
  const namespace = useNamespace();
  const read = async (): Promise<Deployment> => (await get(namespace, 'deployments', 'odd')) as unknown as Deployment;

  it('reaches the Deployment as it is, whatever YAML makes of its characters, and once', async () => {
    const config = {
      port: 8080,
      // Of the server itself, so that its pod may start.
      arguments: ['--port', '8080', '--read-only', `--log-file=${text}`],
      env: [{ name: 'ODD', value: text }],
      storage: [{ path: `/odd ${odd.join('')}`, source: { type: 'EmptyDir', emptyDir: {} }, permissions: 'ReadWrite' }],
    };
    await apply(
      namespace,
      kubernetesServer('odd', { runtime: { replicas: 0 }, config, extraAnnotations: { 'example.com/odd': text } }),
    );
    await untilCondition(namespace, 'odd', { type: 'Available', status: 'True' });
    const { metadata, spec } = await read();
    const [container] = spec.template.spec.containers;
    expect(metadata.annotations['example.com/odd']).toBe(text);
    expect(container?.env).toEqual([{ name: 'ODD', value: text }]);
    expect(container?.args.at(-1)).toBe(`--log-file=${text}`);
    expect(container?.volumeMounts.map(({ mountPath }) => mountPath)).toEqual([`/odd ${odd.join('')}`]);

    // A label changes nothing that is applied: it is not seen as drift.
    await kubectlOk(['scale', 'mcpserver', 'odd', '--replicas=0', '--namespace', namespace]);
    expect((await read()).metadata.generation).toBe(metadata.generation);
  });

  it('holds no half of a surrogate pair: the API server has made U+FFFD of it before anybody reads it', async () => {
    const body = JSON.stringify(
      kubernetesServer('half', { runtime: { replicas: 0 }, extraAnnotations: { 'example.com/half': 'HALF' } }),
    );
    await kubectlOk(
      ['create', '--raw', `/apis/mcp.x-k8s.io/v1beta1/namespaces/${namespace}/mcpservers`, '--filename', '-'],
      body.replace('HALF', 'a\\ud83eb'),
    );
    await untilCondition(namespace, 'half', { type: 'Available', status: 'True' });
    const deployment = (await get(namespace, 'deployments', 'half')) as unknown as Deployment;
    expect(deployment.metadata.annotations['example.com/half']).toBe('a\uFFFDb');
  });
});
