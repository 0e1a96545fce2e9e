import { execInCluster, findCluster } from '../../scripts/cluster/cluster.ts';
import { eventually } from './eventually.ts';

const url = 'http://127.0.0.1:2379/v3';

/**
 * Changes how an MCPServer is stored behind the API server's back: no schema, no webhook, no conflict. Only on a
 * cluster whose etcd listens on its own loopback without TLS, as that of scripts/cluster does.
 */
export async function changeStored(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  change: (server: StoredServer) => object,
): Promise<void> {
  const key = encode(`/registry/mcp.x-k8s.io/mcpservers/${namespace}/${name}`);
  // A write of the reconciler between reading and writing would be lost: then it is read again.
  await eventually(`the stored MCPServer ${namespace}/${name} is changed`, async () => {
    const { kvs = [] } = await ask('kv/range', { key });
    const [stored] = kvs;
    if (stored === undefined) throw new Error(`etcd has no MCPServer ${namespace}/${name}`);
    // The API server stores custom resources as JSON, as they were sent.
    const server = JSON.parse(Buffer.from(stored.value, 'base64').toString()) as StoredServer;
    const { succeeded } = await ask('kv/txn', {
      compare: [{ key, target: 'MOD', result: 'EQUAL', mod_revision: stored.mod_revision }],
      success: [{ request_put: { key, value: encode(JSON.stringify(change(server))) } }],
    });
    return succeeded;
  });
}

export interface StoredServer {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly config: object };
}

interface Answer {
  readonly kvs?: readonly { readonly value: string; readonly mod_revision: string }[];
  readonly succeeded?: boolean;
}

async function ask(method: 'kv/range' | 'kv/txn', body: object): Promise<Answer> {
  const cluster = await findCluster();
  if (cluster === undefined) throw new Error('scripts/e2e.ts brought the cluster up');
  const command = ['curl', '--silent', '--show-error', '--fail', `${url}/${method}`, '--data', JSON.stringify(body)];
  const { code, stdout, stderr } = await execInCluster(cluster, command);
  if (code !== 0) throw new Error(`etcd cannot be reached, skip this case on this cluster: ${stderr.trim()}`);
  return JSON.parse(stdout) as Answer;
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
