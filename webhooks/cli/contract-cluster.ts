import { API } from '../core/mcpserver/api.ts';
import { childName, PORT_NAME, selectorText, serviceUrl } from '../core/mcpserver/names.ts';
import { parseMCPServer } from '../core/mcpserver/parse.ts';
import { CA_BUNDLE_KEY } from '../core/mcpserver/references.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { clusterUrlIn } from '../core/plan/served-address.ts';
import { errorText } from '../platform/log.ts';
import type { ApiError, KubeApi } from '../platform/kube/api.ts';
import { objectPath } from '../platform/kube/api.ts';
import { listObjects } from '../platform/kube/list-objects.ts';
import { isRecord, listAt, metaOf, numberAt, recordAt, stringAt } from '../platform/kube/object.ts';
import type { Connect } from '../platform/mcp/mcp-request.ts';
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
  readonly connect: Connect;
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
  if (typeof read === 'string') return { type: 'problem', why: `context ${connection.context}: ${read}` };
  const [pod, tls] = [await findServingPod(api, read), await trustOf(api, read)];
  if (typeof pod === 'string') return { type: 'problem', why: pod };
  return typeof tls === 'string' ? { type: 'problem', why: tls } : openPod(named, { server: read, pod, tls });
}

async function openPod(
  { context, namespace }: NamedServer,
  {
    server,
    pod: { name: pod, port },
    tls,
  }: {
    readonly server: MCPServer;
    readonly pod: ServingPod;
    readonly tls: TlsTrust | undefined;
  },
): Promise<OpenedServer> {
  const { openPodTunnel } = await import('../platform/kube/pod-tunnel.ts');
  try {
    const tunnel = openPodTunnel({ context, namespace, pod, port });
    const ignore = server.spec.extensions?.toolContract?.ignore ?? [];
    // By the name of its Service, which is what it may want to be called.
    const url = clusterUrlIn(server.status) ?? serviceUrl(server, 'cluster.local');
    const whyNot = (): string | undefined => {
      const why = tunnel.whyNot();
      return why === undefined ? undefined : `no way to pod ${pod}: ${why}`;
    };
    return { ...{ type: 'opened', url, ignore, tls, whyNot }, connect: tunnel.connect, close: tunnel.close };
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

/** A pod that is ready, and the port at which it serves: not that of the spec while another one is on its way. */
export interface ServingPod {
  readonly name: string;
  readonly port: number;
}

/**
 * Of those that belong to it: anybody who may create pods can give one our labels. The Deployment is the server's, the
 * ReplicaSet that of the Deployment, the pod that of the ReplicaSet, each by the uid of its controller. A text says why there
 * is none.
 */
export async function findServingPod(api: KubeApi, server: MCPServer): Promise<ServingPod | string> {
  const { namespace = 'default', uid = '' } = server.metadata;
  const path = objectPath({ apiVersion: 'apps/v1', plural: 'deployments', namespace, name: childName(server) });
  const deployment = await api.request({ method: 'GET', path });
  if (!deployment.ok) return deployment.error.message;
  if (controllerIn(deployment.body) !== uid) return `the Deployment '${childName(server)}' is not that of the server`;
  if (numberAt(recordAt(deployment.body, 'spec'), 'replicas') === 0)
    return `it is scaled to zero: kubectl scale -n ${namespace} ${API.plural}.${API.group} ${server.metadata.name} --replicas=1 gives it a pod`;
  const labelSelector = selectorText(server);
  const replicaSets = new Set<string>();
  const unread = await listObjects(api, {
    ...{ path: objectPath({ apiVersion: 'apps/v1', plural: 'replicasets', namespace }), labelSelector },
    onObject: (one) => {
      if (controllerIn(one) === metaOf(deployment.body).uid) replicaSets.add(metaOf(one).uid);
      return true;
    },
  });
  if (unread !== undefined) return unread.message;
  let found: unknown;
  const unlisted = await listObjects(api, {
    ...{ path: objectPath({ apiVersion: 'v1', plural: 'pods', namespace }), labelSelector },
    onObject: (pod) => {
      const controller = controllerIn(pod);
      if (controller !== undefined && replicaSets.has(controller) && isReady(pod)) found = pod;
      return found === undefined;
    },
  });
  if (unlisted !== undefined) return unlisted.message;
  if (found === undefined) return 'none of its pods is ready';
  return { name: metaOf(found).name, port: portIn(found) ?? server.spec.config.port };
}

/** Its uid; undefined: it has none. */
function controllerIn(object: unknown): string | undefined {
  const owners = listAt(recordAt(object, 'metadata'), 'ownerReferences');
  return stringAt(
    owners.find((owner) => isRecord(owner) && owner['controller'] === true),
    'uid',
  );
}

function portIn(pod: unknown): number | undefined {
  const ports = listAt(recordAt(pod, 'spec'), 'containers').flatMap((container) => listAt(container, 'ports'));
  return numberAt(
    ports.find((port) => stringAt(port, 'name') === PORT_NAME),
    'containerPort',
  );
}

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
