import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type Server, type Socket } from 'node:net';

/** What the shim in the container of a server does, as far as the bridge can tell: a process for each connection. */
export interface FakeShim {
  /** Whether a bridge has a control connection. */
  readonly isMet: boolean;
  /** Processes that were started. */
  readonly started: number;
  /** Processes that run. */
  readonly children: ReadonlySet<ChildProcess>;
  /** What the bridge asked it to end with. */
  readonly givenUp: readonly GivenUp[];
  /** Says that it was told to end. */
  stopping(): void;
  /** As when its container ends. */
  close(): Promise<void>;
}

export interface GivenUp {
  readonly exit: number;
  readonly why: string;
  readonly reason?: string;
}

export interface FakeShimOptions {
  readonly socketPath: string;
  /** Program and arguments; called for each process, so that each may be another one. */
  readonly command: (nth: number) => readonly [string, ...string[]];
  readonly max?: number;
}

export async function startFakeShim({ socketPath, command, max = 64 }: FakeShimOptions): Promise<FakeShim> {
  const children = new Set<ChildProcess>();
  const sockets = new Set<Socket>();
  const controls = new Set<Socket>();
  const givenUp: GivenUp[] = [];
  let started = 0;
  const tell = (event: object): void => {
    for (const control of controls) control.write(`${JSON.stringify(event)}\n`);
  };
  const attach = (socket: Socket, label: string, rest: Buffer): void => {
    if (children.size >= max) {
      socket.end('{"ok":false,"reason":"Limit","message":"too many"}\n');
      return;
    }
    const [program, ...args] = command((started += 1));
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    children.add(child);
    socket.write(`{"ok":true,"pid":${String(child.pid)}}\n`);
    child.stdin.on('error', () => undefined);
    child.stdin.write(rest);
    socket.pipe(child.stdin);
    child.stdout.pipe(socket);
    // The real one sees whether both directions are closed, and waits two seconds before it does so.
    socket.once('end', () => setTimeout(() => child.kill('SIGTERM'), 200));
    socket.once('close', () => child.kill('SIGTERM'));
    child.once('exit', (code, signal) => {
      children.delete(child);
      tell({ event: 'exit', label, code, signal });
    });
  };
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      controls.delete(socket);
    });
    let read = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      read = Buffer.concat([read, chunk]);
      const at = read.indexOf(0x0a);
      if (at === -1) return;
      socket.off('data', onData);
      const hello = JSON.parse(read.toString('utf8', 0, at)) as { readonly kind: string; readonly label?: string };
      if (hello.kind === 'child') {
        attach(socket, hello.label ?? '', read.subarray(at + 1));
        return;
      }
      controls.add(socket);
      socket.write('{"ok":true,"pid":1}\n');
      socket.on('data', (line: Buffer) => {
        givenUp.push(JSON.parse(line.toString('utf8')) as GivenUp);
      });
    };
    socket.on('data', onData);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    get isMet() {
      return controls.size > 0;
    },
    get started() {
      return started;
    },
    children,
    givenUp,
    stopping: () => {
      tell({ event: 'stopping' });
    },
    async close() {
      for (const child of children) child.kill('SIGKILL');
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
