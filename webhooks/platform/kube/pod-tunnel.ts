import { Duplex, PassThrough, Writable } from 'node:stream';
import { PortForward } from '@kubernetes/client-node';
import { configOfContext } from './kubeconfig.ts';
import { stringAt } from './object.ts';

/** One port of one pod, for this process alone: nothing listens on this machine, where others could use it, too. */
export interface PodTunnel {
  /** A connection of its own. One that cannot be brought there ends. */
  readonly connect: () => Duplex;
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
 * Brings connections to a pod as kubectl port-forward does, through the API server: no policy of the network has to let us
 * in. Ends with `close`. Throws where the kubeconfig does not name a cluster.
 */
export function openPodTunnel({ context, namespace, pod, port }: TunnelledPod): PodTunnel {
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
  const ends = new Set<PodConnection>();
  const connect = (): Duplex => {
    const end = createConnection();
    const { socket, toPod, fromPod } = end;
    ends.add(end);
    socket.once('close', () => ends.delete(end));
    forward.portForward(namespace, pod, [port], fromPod, null, toPod).then(
      (opened: unknown) => {
        // Not a function that returns it: that is for those who want it to be opened again.
        follow(end, opened as WebSocketOfPod);
      },
      (error: unknown) => {
        if (!ended.signal.aborted) why = explain(error, namespace);
        socket.destroy();
      },
    );
    return socket;
  };
  const close = (): void => {
    for (const { socket } of ends) socket.destroy();
    ended.abort();
  };
  return { connect, whyNot: () => why, close };
}

/** Both ends of a connection in this process. */
interface PodConnection {
  readonly socket: Duplex;
  readonly toPod: PassThrough;
  readonly fromPod: Writable;
}

function createConnection(): PodConnection {
  const toPod = new PassThrough();
  const socket = new Duplex({
    // What comes is pushed: a WebSocket cannot be told to wait.
    read: () => undefined,
    write: (chunk, encoding, done) => void toPod.write(chunk, encoding, done),
    final: (done) => void toPod.end(done),
    destroy: (error, done) => {
      toPod.destroy();
      done(error);
    },
  });
  const fromPod = new Writable({
    write: (chunk, _encoding, done) => {
      if (!socket.destroyed) socket.push(chunk);
      done();
    },
  });
  // Whoever uses it hears of an error as well; nobody may, and that ends no program.
  socket.on('error', () => undefined);
  return { socket, toPod, fromPod };
}

/** From when it is open until one of both sides hangs up. */
function follow({ socket }: PodConnection, webSocket: WebSocketOfPod): void {
  const hangUp = (): void => {
    webSocket.close();
  };
  // Whoever has gone meanwhile tells it no more.
  if (socket.destroyed) {
    hangUp();
    return;
  }
  socket.once('close', hangUp);
  const end = (): void => {
    // What has come is read first.
    if (!socket.destroyed) socket.push(null);
  };
  webSocket.on('close', end);
  webSocket.on('error', end);
  // As a socket of the network tells it.
  socket.emit('connect');
}

/** `error`: of a WebSocket, whose only words are in its message. */
function explain(error: unknown, namespace: string): string {
  const message = stringAt(error, 'message') ?? 'the API server does not say why';
  return /\b403$/.test(message)
    ? `the API server refuses it (HTTP 403): it takes the right to create pods/portforward in ${namespace}`
    : message;
}
