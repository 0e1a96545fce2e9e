import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { PortForward } from '@kubernetes/client-node';
import { configOfContext } from './kubeconfig.ts';
import { stringAt } from './object.ts';

/** One port of one pod, on this machine. */
export interface PodTunnel {
  readonly address: { readonly host: string; readonly port: number };
  /** Why the last connection could not be brought there, a clause; undefined: each could. */
  readonly whyNot: () => string | undefined;
  readonly close: () => void;
}

export interface TunnelledPod {
  /** Of the kubeconfig; empty: the current one. */
  readonly context: string;
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/** What of a WebSocket is used: its types are in a package that we do not have. */
interface WebSocketOfPod {
  on(event: 'close' | 'error', listener: () => void): void;
  close(): void;
}

/**
 * Brings connections to a port of this machine to a pod, as kubectl port-forward does, through the API server: no policy of the network has to let us in. Ends with
 * `close`; a connection that cannot be brought there is closed.
 */
export async function openPodTunnel({ context, namespace, pod, port }: TunnelledPod): Promise<PodTunnel> {
  const { config } = configOfContext(context === '' ? undefined : context);
  const ended = new AbortController();
  const applyOwn = config.applyToHTTPSOptions.bind(config);
  // The one way to what client-node opens: a handshake that nobody answers would keep the program from ending.
  config.applyToHTTPSOptions = async (options) => {
    await applyOwn(options);
    Object.assign(options, { signal: ended.signal });
  };
  const forward = new PortForward(config);
  let why: string | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    const drop = (): void => void socket.destroy();
    socket.once('close', () => sockets.delete(socket));
    forward.portForward(namespace, pod, [port], socket, null, socket).then(
      (opened: unknown) => {
        // Not a function that returns it: that is for those who want it to be opened again.
        const webSocket = opened as WebSocketOfPod;
        webSocket.on('close', drop);
        webSocket.on('error', drop);
        const hangUp = (): void => {
          webSocket.close();
        };
        // Whoever has gone meanwhile tells it no more.
        if (socket.destroyed) hangUp();
        else socket.once('close', hangUp);
      },
      (error: unknown) => {
        if (!ended.signal.aborted) why = explain(error, namespace);
        drop();
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port: ours } = server.address() as AddressInfo;
  return {
    address: { host: '127.0.0.1', port: ours },
    whyNot: () => why,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      ended.abort();
    },
  };
}

/** `error`: of a WebSocket, whose only words are in its message. */
function explain(error: unknown, namespace: string): string {
  const message = stringAt(error, 'message') ?? 'the API server does not say why';
  return /\b403$/.test(message)
    ? `the API server refuses it (HTTP 403): it takes the right to create pods/portforward in ${namespace}`
    : message;
}
