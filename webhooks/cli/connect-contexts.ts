import { printable } from '../core/engine/text.ts';
import type { ConnectedContext } from '../platform/kube/connect.ts';
import type { Terminal } from './terminal.ts';

export type Contexts =
  | { readonly type: 'connected'; readonly clusters: readonly ConnectedContext[] }
  /** A line for standard error. */
  | { readonly type: 'refused'; readonly said: string };

/** The clusters of these contexts of the kubeconfig, each once; of the current one where none is named. Nobody is asked yet. */
export async function connectContexts(names: readonly string[]): Promise<Contexts> {
  // Who asks no cluster does not pay for its client.
  const { connectToContext } = await import('../platform/kube/connect.ts');
  const clusters: ConnectedContext[] = [];
  for (const name of names.length === 0 ? [undefined] : new Set(names)) {
    const connection = await connectToContext(name);
    if (connection.type === 'refused') {
      const which = name === undefined ? 'the current context' : `--context ${name}`;
      return { type: 'refused', said: `${printable(`${which}: ${connection.problem}`)}\n` };
    }
    clusters.push(connection);
  }
  return { type: 'connected', clusters };
}

/** The cluster of one context, the current one for ''. Undefined: there is none, and standard error says why. */
export async function connectOne(
  name: string,
  { writeError }: Pick<Terminal, 'writeError'>,
): Promise<ConnectedContext | undefined> {
  const connected = await connectContexts(name === '' ? [] : [name]);
  if (connected.type === 'connected') return connected.clusters[0];
  writeError(connected.said);
  return undefined;
}
