import { API } from '../core/mcpserver/api.ts';
import { printable } from '../core/engine/text.ts';
import { LONGEST_OBJECT_BYTES, objectPath, type ApiError, type KubeApi } from '../platform/kube/api.ts';
import { exitCodes, type ExitCode } from './exit-code.ts';
import type { CommandOptions } from './options.ts';
import type { Terminal } from './terminal.ts';

/** Which server, for each command about rollouts. */
export const serverOptions = {
  namespace: {
    type: 'text',
    placeholder: 'NAME',
    default: '',
    short: 'n',
    help: 'of the server; without it that of the context, as kubectl does',
  },
  context: { type: 'text', placeholder: 'NAME', default: '', help: 'of the kubeconfig; without it the current one' },
} as const satisfies CommandOptions;

export interface ServerValues {
  readonly namespace: string;
  readonly context: string;
}

/** One MCPServer of a cluster. */
export interface NamedServer {
  readonly api: KubeApi;
  /** Of the kubeconfig. */
  readonly context: string;
  readonly namespace: string;
  readonly name: string;
}

export interface FoundServer extends NamedServer {
  readonly server: unknown;
}

/** What is wrong with the arguments of a command about one server, if anything is. */
export function judgeOneName([first = '', ...more]: readonly string[]): string | undefined {
  if (first === '') return 'name one MCPServer';
  // As kubectl takes it; anything else would be sent to the API server as it is.
  if (more.length > 0) return `takes one NAME, found ${more.length} more`;
  return first.includes('/') ? `takes the name of an MCPServer alone, not '${printable(first)}'` : undefined;
}

/** Undefined: there is no such cluster, and why was said. */
export async function connectToServer(
  name: string,
  { namespace, context }: ServerValues,
  { writeError }: Pick<Terminal, 'writeError'>,
): Promise<NamedServer | undefined> {
  // Who asks no cluster does not pay for its client.
  const { connectToContext } = await import('../platform/kube/connect.ts');
  const connection = await connectToContext(context === '' ? undefined : context);
  if (connection.type === 'refused') {
    const which = context === '' ? 'the current context' : `--context ${context}`;
    writeError(`${printable(`${which}: ${connection.problem}`)}\n`);
    return undefined;
  }
  const { api } = connection;
  return { api, context: connection.context, namespace: namespace === '' ? connection.namespace : namespace, name };
}

export function serverPath({ namespace, name }: Pick<NamedServer, 'namespace' | 'name'>): string {
  return objectPath({ apiVersion: API.apiVersion, plural: API.plural, namespace, name });
}

export type ReadServer =
  { readonly type: 'read'; readonly server: unknown } | { readonly type: 'failed'; readonly error: ApiError };

export async function readServer(named: Omit<NamedServer, 'context'>): Promise<ReadServer> {
  const read = await named.api.request({
    ...{ method: 'GET', path: serverPath(named), maxBytes: LONGEST_OBJECT_BYTES },
  });
  return read.ok ? { type: 'read', server: read.body } : { type: 'failed', error: read.error };
}

/** The server of that name, as it is now; undefined: there is none, or no such cluster, and why was said. */
async function findServer(
  name: string,
  values: ServerValues,
  terminal: Pick<Terminal, 'writeError'>,
): Promise<FoundServer | undefined> {
  const named = await connectToServer(name, values, terminal);
  if (named === undefined) return undefined;
  const read = await readServer(named);
  if (read.type === 'read') return { ...named, server: read.server };
  tellUnreadServer(named, read.error, terminal);
  return undefined;
}

/** What a command does with the one server that it is about, which is there. */
export function onServer<Values extends ServerValues>(
  act: (found: FoundServer, terminal: Terminal, values: Values) => Promise<ExitCode>,
): (
  input: { readonly values: Values; readonly positionals: readonly string[] },
  terminal: Terminal,
) => Promise<ExitCode> {
  return async ({ values, positionals: [name = ''] }, terminal) => {
    const found = await findServer(name, values, terminal);
    return found === undefined ? exitCodes.unusable : act(found, terminal, values);
  };
}

/** Says why there is nothing of a server. */
export function tellUnreadServer(
  { context, namespace, name }: Omit<NamedServer, 'api'>,
  { status, message }: ApiError,
  { writeError }: Pick<Terminal, 'writeError'>,
): void {
  const what = `MCPServer ${namespace}/${name}`;
  const found = `mcp-lifecycle status -n ${namespace} lists those that are`;
  const why =
    status === 404
      ? `is not there (${message}): look at its name and its namespace (-n); ${found}`
      : `cannot be read in context ${context}: ${message}`;
  writeError(`${printable(`${what} ${why}`)}\n`);
}
