import { API } from '../core/mcpserver/api.ts';
import { isRecord } from '../core/mcpserver/record.ts';
import { objectPath, type ApiError, type KubeApi } from '../platform/kube/api.ts';
import { listObjects } from '../platform/kube/list-objects.ts';
import type { InputProblem, Manifest } from '../platform/manifests/manifest.ts';
import { maxInputBytes } from '../platform/manifests/read-texts.ts';

/** Most MCPServers of one cluster that are read; who has more reads them namespace by namespace. */
const maxServers = 20_000;

export interface StoredServers {
  /** As the cluster has them, without status: it is not judged. */
  readonly servers: readonly Manifest[];
  /** Why these may not be all. */
  readonly problem?: InputProblem;
}

interface WhichServers {
  /** Of the kubeconfig. */
  readonly context: string;
  /** Empty: of every namespace. */
  readonly namespace: string;
  /** The command takes no --namespace. */
  readonly isWholeCluster?: true;
}

/** The MCPServers that a cluster has; nothing is ever written. */
export async function readStored(api: KubeApi, which: WhichServers): Promise<StoredServers> {
  const file = `context ${which.context}`;
  const servers: Manifest[] = [];
  const read = { bytes: 0, isAll: true };
  const onObject = (object: unknown): boolean => {
    const value = withoutBallast(object);
    read.bytes += JSON.stringify(value).length;
    read.isAll = servers.length < maxServers && read.bytes <= maxInputBytes;
    if (read.isAll) servers.push({ file, value, locate: () => ({ line: 1, column: 1 }) });
    return read.isAll;
  };
  const error = await listNewest(api, which.namespace, onObject);
  if (error !== undefined) return { servers, problem: { file, message: explainList(error, which) } };
  if (read.isAll) return { servers };
  const limits = `${maxServers} MCPServers or ${maxInputBytes / 1024 / 1024} MiB of them`;
  const message = `more than ${limits}: the first ${servers.length} were judged; name a namespace with --namespace`;
  return { servers, problem: { file, message } };
}

/** In the first version that the cluster serves: one that had the reference operator may know the older only. */
async function listNewest(
  api: KubeApi,
  namespace: string,
  onObject: (object: unknown) => boolean,
): Promise<ApiError | undefined> {
  let error: ApiError | undefined;
  for (const version of API.versions) {
    const collection = { apiVersion: `${API.group}/${version}`, plural: API.plural };
    const path = objectPath({ ...collection, ...(namespace === '' ? {} : { namespace }) });
    error = await listObjects(api, { path, onObject });
    if (error?.status !== 404) return error;
  }
  return error;
}

/** Without what nothing judges and takes most of the room. */
function withoutBallast(object: unknown): unknown {
  if (!isRecord(object)) return object;
  const kept = { ...object, metadata: isRecord(object['metadata']) ? { ...object['metadata'] } : object['metadata'] };
  Reflect.deleteProperty(kept, 'status');
  if (isRecord(kept.metadata)) Reflect.deleteProperty(kept.metadata, 'managedFields');
  return kept;
}

const resource = `${API.plural}.${API.group}`;

/** Why MCPServers could not be listed, and what it takes. */
export function explainList(
  { status, message }: ApiError,
  { namespace, isWholeCluster }: Pick<WhichServers, 'namespace' | 'isWholeCluster'>,
): string {
  if (status === 404)
    return `the cluster has no ${resource}: their CustomResourceDefinition is not installed (${message})`;
  if (status === 410) return `${message}: they changed too much while they were read; try again`;
  if (status !== 403) return message;
  const everywhere = `in all namespaces${isWholeCluster === true ? '' : ', or in one that --namespace names'}`;
  const where = namespace === '' ? everywhere : `in namespace ${namespace}`;
  return `${message}. It takes the right to list ${resource} ${where}`;
}
