import type { KubernetesObject } from '../../../webhooks/core/resources/expanded-kind.ts';
import { objectPath, type ApiResult, type KubeApi } from '../../../webhooks/platform/kube/api.ts';

export const apiVersion = 'mcp.x-k8s.io/v1beta1';
export const plural = 'mcpservers';

export interface ServerObject extends KubernetesObject {
  readonly spec: Readonly<Record<string, unknown>>;
}

/** An MCPServer as far as the bench looks into one that it reads. */
export interface StoredServer {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly deploymentName?: string;
    readonly serviceName?: string;
    readonly extensions?: { readonly policy?: { readonly tolerated?: readonly { readonly rule: string }[] } };
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
  };
}

/** An everyday server that asks for no pods, so that any number of them fits on a small machine. */
export function stoppedServer(namespace: string, name: string): ServerObject {
  return {
    apiVersion,
    kind: 'MCPServer',
    metadata: { name, namespace },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'registry.example.com/search/mcp-server:1.4.2' } },
      config: { port: 8080, arguments: ['--listen', ':8080'], env: [{ name: 'LOG_LEVEL', value: 'info' }] },
      runtime: { replicas: 0 },
    },
  };
}

export function numbered(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(4, '0')}`);
}

/** Runs `work` for each item, at most `width` at a time. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

export async function create(api: KubeApi, object: KubernetesObject, collection: string): Promise<unknown> {
  const { apiVersion: version, metadata } = object;
  const path = objectPath({ apiVersion: version, plural: collection, namespace: metadata.namespace });
  return expectOk(await api.request({ method: 'POST', path, body: object }));
}

export function expectOk(result: ApiResult): unknown {
  if (!result.ok) throw new Error(result.error.message);
  return result.body;
}

/** What changes with every write; a quiet server keeps it. */
export async function readVersions(api: KubeApi, namespace: string): Promise<ReadonlyMap<string, string>> {
  const servers = await listServers(api, namespace);
  return new Map(servers.map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
}

export async function listServers(api: KubeApi, namespace: string): Promise<readonly StoredServer[]> {
  const path = objectPath({ apiVersion, plural, namespace });
  const body = expectOk(await api.request({ method: 'GET', path, maxBytes: 64 * 1024 * 1024, timeoutMs: 60_000 }));
  return (body as { readonly items: readonly StoredServer[] }).items;
}

/** The children are there when status names them, and the verdict about this generation is written. */
export function isSettled(server: StoredServer): boolean {
  const { metadata, status } = server;
  return (
    status?.observedGeneration === metadata.generation &&
    status.deploymentName !== undefined &&
    status.serviceName !== undefined &&
    isTrue(server, 'Available')
  );
}

export function isTrue({ status }: StoredServer, condition: string): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === condition && is === 'True') === true;
}

/** Watches a namespace until `count` servers satisfy `isDone`; resolves with the time when the last one did. */
export async function untilServers(
  api: KubeApi,
  namespace: string,
  count: number,
  isDone: (server: StoredServer) => boolean,
): Promise<void> {
  const done = new Set<string>();
  const stop = new AbortController();
  const path = objectPath({ apiVersion, plural, namespace });
  const look = (server: StoredServer): void => {
    if (isDone(server)) done.add(server.metadata.name);
    if (done.size >= count) stop.abort();
  };
  const deadline = Date.now() + 15 * 60_000;
  while (!stop.signal.aborted) {
    if (Date.now() > deadline) throw new Error(`only ${done.size} of ${count} servers are done after 15 minutes`);
    const query = { watch: 'true', allowWatchBookmarks: 'true' };
    await api.watch({ path, query, idleTimeoutMs: 120_000, signal: stop.signal }, ({ type, object }) => {
      if (type !== 'BOOKMARK') look(object as StoredServer);
    });
  }
}
