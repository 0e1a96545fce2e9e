import { API } from '../core/mcpserver/api.ts';
import { selectorText, serviceUrl } from '../core/mcpserver/names.ts';
import { parseMCPServer } from '../core/mcpserver/parse.ts';
import { CA_BUNDLE_KEY } from '../core/mcpserver/references.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { errorText } from '../platform/log.ts';
import type { ApiError, KubeApi } from '../platform/kube/api.ts';
import { LONGEST_OBJECT_BYTES, objectPath } from '../platform/kube/api.ts';
import { listAt, metaOf, recordAt, stringAt } from '../platform/kube/object.ts';
import type { SocketAddress } from '../platform/mcp/mcp-request.ts';
import type { TlsTrust } from '../platform/mcp/tls-trust.ts';

/** An MCPServer of a cluster, by its name. */
export interface NamedServer {
  readonly name: string;
  /** Empty: that of the context. */
  readonly namespace: string;
  /** Of the kubeconfig; empty: the current one. */
  readonly context: string;
}

/** How one of its pods is asked, until `close`. */
export interface OpenServer {
  readonly url: string;
  readonly at: SocketAddress;
  readonly tls: TlsTrust | undefined;
  /** What its spec says to be no part of its contract. */
  readonly ignore: readonly string[];
  /** Why the pod could not be reached, where that is known. */
  readonly whyNot: () => string | undefined;
  readonly close: () => void;
}

export type OpenedServer =
  ({ readonly type: 'opened' } & OpenServer) | { readonly type: 'problem'; readonly why: string };

const form = new RegExp(
  String.raw`^(?:${API.singular}|${API.plural})(?:\.${API.group.replaceAll('.', String.raw`\.`)})?/([^/]+)$`,
);

/** The name in `mcpserver/NAME`, as kubectl writes it; undefined for anything else. */
export function serverNamed(text: string): string | undefined {
  return form.exec(text)?.[1];
}

/** Opens a way to a pod that is ready, as kubectl port-forward does. Nothing is changed there. */
export async function openServer(asked: NamedServer): Promise<OpenedServer> {
  const { connectToContext } = await import('../platform/kube/connect.ts');
  const connection = await connectToContext(asked.context === '' ? undefined : asked.context);
  if (connection.type === 'refused') return { type: 'problem', why: connection.problem };
  const { api } = connection;
  const named = { ...asked, namespace: asked.namespace === '' ? connection.namespace : asked.namespace };
  const read = await readServer(api, named);
  if (typeof read === 'string') return { type: 'problem', why: read };
  const [pod, tls] = [await findReadyPod(api, read), await trustOf(api, read)];
  if (typeof pod === 'string') return { type: 'problem', why: pod };
  return typeof tls === 'string' ? { type: 'problem', why: tls } : openPod(named, { server: read, pod: pod.name, tls });
}

async function openPod(
  { context, namespace }: NamedServer,
  { server, pod, tls }: { readonly server: MCPServer; readonly pod: string; readonly tls: TlsTrust | undefined },
): Promise<OpenedServer> {
  const { openPodTunnel } = await import('../platform/kube/pod-tunnel.ts');
  try {
    const tunnel = await openPodTunnel({ context, namespace, pod, port: server.spec.config.port });
    const ignore = server.spec.extensions?.toolContract?.ignore ?? [];
    // By the name of its Service, which is what it may want to be called.
    const url = server.status?.address?.url ?? serviceUrl(server, 'cluster.local');
    const whyNot = (): string | undefined => {
      const why = tunnel.whyNot();
      return why === undefined ? undefined : `no way to pod ${pod}: ${why}`;
    };
    return { ...{ type: 'opened', url, ignore, tls, whyNot }, at: tunnel.address, close: tunnel.close };
  } catch (error) {
    return { type: 'problem', why: `no way to pod ${pod}: ${errorText(error)}` };
  }
}

/** A text says why there is none. */
async function readServer(api: KubeApi, { name, namespace }: NamedServer): Promise<MCPServer | string> {
  let error: ApiError | undefined;
  for (const version of API.versions) {
    const path = objectPath({ apiVersion: `${API.group}/${version}`, plural: API.plural, namespace, name });
    const answer = await api.request({ method: 'GET', path });
    if (answer.ok) {
      const parsed = parseMCPServer(answer.body);
      return parsed.ok
        ? parsed.server
        : `what is stored there is no ${API.kind} by its schema: mcp-lifecycle check tells why`;
    }
    ({ error } = answer);
    if (error.status !== 404) break;
  }
  if (error?.status === 404)
    return `there is no ${API.kind} '${name}' in namespace '${namespace}' (--namespace, --context)`;
  return error?.message ?? 'cannot be read';
}

/** A text says why there is none. */
async function findReadyPod(api: KubeApi, server: MCPServer): Promise<{ readonly name: string } | string> {
  const { namespace = 'default' } = server.metadata;
  const path = objectPath({ apiVersion: 'v1', plural: 'pods', namespace });
  const query = { labelSelector: selectorText(server), limit: String(maxPods) };
  const answer = await api.request({ method: 'GET', path, query, maxBytes: LONGEST_OBJECT_BYTES });
  if (!answer.ok) return answer.error.message;
  const ready = listAt(answer.body, 'items').find(isReady);
  return ready === undefined ? 'none of its pods is ready' : { name: metaOf(ready).name };
}

/** How many pods are looked at for one that is ready. */
const maxPods = 100;

function isReady(pod: unknown): boolean {
  const isGoing = recordAt(pod, 'metadata')?.['deletionTimestamp'] !== undefined;
  const conditions = listAt(recordAt(pod, 'status'), 'conditions');
  const isUp = conditions.some((one) => stringAt(one, 'type') === 'Ready' && stringAt(one, 'status') === 'True');
  return isUp && !isGoing;
}

/** A text says why it cannot be told. */
async function trustOf(api: KubeApi, server: MCPServer): Promise<TlsTrust | undefined | string> {
  const { enabled, caBundleSecret } = server.spec.transport?.tls ?? {};
  const { tlsTrustOf } = await import('../platform/mcp/tls-trust.ts');
  if (enabled !== true || caBundleSecret === undefined) return tlsTrustOf(server, undefined);
  const { namespace = 'default' } = server.metadata;
  const { name } = caBundleSecret;
  const answer = await api.request({
    method: 'GET',
    path: objectPath({ apiVersion: 'v1', plural: 'secrets', namespace, name }),
  });
  if (!answer.ok) return `the CA bundle of its certificate cannot be read: ${answer.error.message}`;
  const { parseCaBundle } = await import('../platform/tls/ca-certificates.ts');
  const encoded = stringAt(recordAt(answer.body, 'data'), CA_BUNDLE_KEY) ?? '';
  const read = parseCaBundle(Buffer.from(encoded, 'base64').toString());
  if (read.state !== 'usable') return `Secret '${name}' holds no usable CA certificates under ${CA_BUNDLE_KEY}`;
  return tlsTrustOf(server, { digest: read.bundle.digest, get: () => read.bundle });
}
