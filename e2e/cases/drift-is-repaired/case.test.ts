import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, kubectlOk, without } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('what an MCPServer was expanded into', () => {
  const namespace = useNamespace();

  beforeAll(async () => {
    await apply(namespace, kubernetesServer('search'));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });

  it.each([
    ['the image', 'deployment', { spec: { template: { spec: { containers: [{ name: 'mcp-server', image: 'x' }] } } } }],
    ['the replicas', 'deployment', { spec: { replicas: 3 } }],
    ['a label that is ours', 'deployment', { metadata: { labels: { app: 'other' } } }],
    ['the port', 'service', { spec: { ports: [{ port: 8080, targetPort: 9999 }] } }],
    ['the selector', 'service', { spec: { selector: { 'mcp-server': 'other' } } }],
    ['the session affinity', 'service', { spec: { sessionAffinity: 'None' } }],
    ['the ingress', 'networkpolicy', { spec: { ingress: [] } }],
  ])('gets %s of the %s back when somebody changes it', async (_, kind, change) => {
    const before = await managed(kind);
    const said = await kubectlOk([
      ...['patch', kind, 'search', '--namespace', namespace, '--type=strategic'],
      ...['--patch', JSON.stringify(change)],
    ]);
    expect(said).not.toContain('no change');
    await untilAsBefore(kind, before);
  });

  it.each(['service', 'networkpolicy', 'deployment'])('gets its %s back when somebody deletes it', async (kind) => {
    const before = await managed(kind);
    const uid = (await get(namespace, kind, 'search'))?.metadata.uid;
    await kubectlOk(['delete', kind, 'search', '--namespace', namespace]);
    const isBack = async (): Promise<boolean> => {
      const found = await get(namespace, kind, 'search');
      return found !== undefined && found.metadata.uid !== uid;
    };
    await eventually(`a new ${kind} is there`, isBack);
    await untilAsBefore(kind, before);
  });

  it('serves afterwards', async () => {
    await kubectlOk(['rollout', 'status', 'deployment/search', '--namespace', namespace, '--timeout=300s']);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });

  /** What is ours to say about the object, as one text. */
  async function managed(kind: string): Promise<string> {
    const found = await get(namespace, kind, 'search');
    const spec = without(found?.spec, 'clusterIP', 'clusterIPs');
    const { labels } = found?.metadata ?? {};
    const owners = (found?.metadata as { readonly ownerReferences?: unknown } | undefined)?.ownerReferences;
    return JSON.stringify({ spec, labels, owners });
  }

  async function untilAsBefore(kind: string, before: string): Promise<void> {
    const isAsBefore = async (): Promise<boolean> => (await managed(kind)) === before;
    await eventually(`the ${kind} is as before: ${before}`, isAsBefore, { describe: () => managed(kind) });
  }
});
