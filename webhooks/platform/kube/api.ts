import type { Agent, RequestOptions } from 'node:https';

/** The one port through which the programs speak to a Kubernetes API server. Never throws for what the world did. */
export interface KubeApi {
  request(request: ApiRequest): Promise<ApiResult>;
  /**
   * Opens a watch and calls `onEvent` for each line until the server ends the stream, the connection breaks, nothing
   * (not even a bookmark) came for `idleTimeoutMs`, or the signal aborts.
   */
  watch(request: WatchRequest, onEvent: (event: WatchEvent) => void): Promise<WatchEnd>;
}

/** Longest object, in bytes: etcd keeps none above 1.5 MiB, of which JSON can make six times as much. */
export const LONGEST_OBJECT_BYTES = 10 * 1024 * 1024;

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/api/v1/namespaces/mcp/configmaps/settings`; build it with {@link objectPath}, which encodes the names. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?:
    | 'application/json'
    | 'application/apply-patch+yaml'
    | 'application/json-patch+json'
    | 'application/merge-patch+json';
  readonly accept?: string;
  /** Default 10 s. */
  readonly timeoutMs?: number;
  /** Longest answer that is read, in bytes; beyond it the result is an error with reason `TooLarge`. Default 4 MiB. */
  readonly maxBytes?: number;
  /**
   * Takes the answer piece by piece, as it comes: then nothing is parsed or kept, and `body` is undefined. Not called for
   * an error; an answer that breaks off or is too long was handed on up to there. Must not throw.
   */
  readonly onChunk?: (chunk: Buffer) => void;
  readonly reading?: Reading;
  readonly signal?: AbortSignal;
}

/** What of an object that comes is not parsed: each one that we write comes twice, in an answer and in an event. */
export interface Reading {
  /** Its list of managed fields comes empty. It is as long as the rest, and most readers look at nothing in it. */
  readonly ignoresManagedFields?: boolean;
  /** Whether an object is known in its version; such a one may come with name, namespace, uid and version alone. */
  readonly isKnown?: ((object: unknown) => boolean) | undefined;
  /** An object in whose text this stands is read whatever is known. */
  readonly isReadWith?: string;
}

export type ApiResult =
  { readonly ok: true; readonly body: unknown } | { readonly ok: false; readonly error: ApiError };

export interface ApiError {
  /** HTTP status; 0 when no answer came (connection, TLS, timeout). */
  readonly status: number;
  /**
   * `reason` of the Status object (`NotFound`, `Conflict`, `Invalid`, …), or one of ours: `Unreachable`, `Timeout`,
   * `Aborted`, `TooLarge`, `BadAnswer`, `NamespaceTerminating`, `ResourceVersionTooLarge`.
   */
  readonly reason: string;
  /** For people; names the request: "GET configmaps settings: connection refused". */
  readonly message: string;
  /** The fields that the object was refused for, as `details.causes` names them; absent where it names none. */
  readonly fields?: readonly string[];
  /** Whether trying again can help: no answer, 409, 429, 5xx. */
  readonly retry: boolean;
  /** From the Retry-After header. */
  readonly retryAfterMs?: number;
}

export interface WatchRequest {
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly accept?: string;
  readonly idleTimeoutMs: number;
  readonly reading?: Reading;
  readonly signal: AbortSignal;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: unknown;
}

export type WatchEnd =
  | { readonly why: 'closed' | 'idle' | 'aborted' }
  /** 410: list again. Others: `error.retry`. */
  | { readonly why: 'failed'; readonly error: ApiError };

/** What a request needs to be let in. */
export interface Credentials {
  readonly tls: Pick<
    RequestOptions,
    'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized'
  >;
  readonly headers: Readonly<Record<string, string>>;
  /** Only when the kubeconfig names a proxy: then connections go through it instead of our own agent. */
  readonly proxyAgent?: Agent;
}

/** One API server and how to be let in. */
export interface ApiServer {
  readonly url: URL;
  /** Nothing between us and it speaks HTTP of its own: its answers are read off the connection. */
  readonly isDirect?: boolean;
  /** Reads files and runs credential plugins when the last answer is older than 30 s. Throws with what is wrong. */
  credentials(): Promise<Credentials>;
  /** After a 401: the next call reads again. */
  forgetCredentials(): void;
}

/** `/apis/apps/v1/namespaces/mcp/deployments/search/status`, every part encoded. */
export function objectPath(parts: {
  readonly apiVersion: string;
  readonly plural: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}): string {
  const root = parts.apiVersion.includes('/') ? `/apis/${parts.apiVersion}` : `/api/${parts.apiVersion}`;
  const namespace = parts.namespace === undefined ? '' : `/namespaces/${encodeURIComponent(parts.namespace)}`;
  const name = parts.name === undefined ? '' : `/${encodeURIComponent(parts.name)}`;
  const subresource = parts.subresource === undefined ? '' : `/${parts.subresource}`;
  return `${root}${namespace}/${parts.plural}${name}${subresource}`;
}
