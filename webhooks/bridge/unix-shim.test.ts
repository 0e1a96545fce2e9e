import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { systemClock } from '../platform/clock.ts';
import { holdTime } from '../platform/http/testing/held-time.ts';
import type { ChildExit, Opened } from './shim.ts';
import { UnixShim } from './unix-shim.ts';

const folder = mkdtempSync(join(tmpdir(), 'mcp-unix-shim-'));
const socketPath = join(folder, 'stdio.sock');
const sockets: Socket[] = [];
let server: Server;
let over: AbortController;
let running: Promise<void>;

/** What the other side does with a connection, once it has said what it is for. */
let onControl: (socket: Socket) => void;
let onChild: (socket: Socket, label: string) => void;

const greet = (socket: Socket): boolean => socket.write('{"ok":true,"pid":1}\n');
const tellExit = (socket: Socket | undefined, label: string): void => {
  socket?.write(`{"event":"exit","label":"${label}","code":5,"signal":null}\n`);
};

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', (line) => {
      const { kind, label } = JSON.parse(line.toString('utf8')) as { readonly kind: string; readonly label: string };
      if (kind === 'control') onControl(socket);
      else onChild(socket, label);
    });
  });
  server.listen(socketPath);
  await once(server, 'listening');
  over = new AbortController();
});

afterEach(async () => {
  jest.useRealTimers();
  over.abort();
  await running;
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  rmSync(socketPath, { force: true });
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** How the process of a new connection is told to have ended. */
async function openAndEnd(): Promise<ChildExit | undefined> {
  const events = { onConnected: () => undefined, onStopping: () => undefined, onLost: () => undefined };
  const shim = new UnixShim({ socketPath, clock: systemClock, events });
  running = shim.run(over.signal);
  return new Promise((resolve, reject) => {
    const refuse = ({ type }: Opened): void => {
      if (type !== 'open') reject(new Error(type));
    };
    shim.open({ onData: () => undefined, onEnd: resolve }).then(refuse, reject);
  });
}

it('starts no process before it would be told how that ends (a call was answered "server process ended")', async () => {
  holdTime();
  let control: Socket | undefined;
  onControl = (socket) => {
    jest.advanceTimersByTime(200);
    control = socket;
    greet(socket);
  };
  onChild = (socket, label) => {
    greet(socket);
    tellExit(control, label);
    socket.end();
  };
  expect(await openAndEnd()).toEqual({ code: 5, signal: null });
});

it('knows how a process ended that the shim has told of, however long nobody had time to read it', async () => {
  let control: Socket | undefined;
  onControl = (socket) => {
    control = socket;
    greet(socket);
  };
  onChild = (socket, label) => {
    greet(socket);
    // The bridge has seen the end of the output, and waits for the exit.
    socket.once('end', () => {
      tellExit(control, label);
      for (const startedAt = performance.now(); performance.now() < startedAt + 1_500;);
    });
    socket.resume().end();
  };
  expect(await openAndEnd()).toEqual({ code: 5, signal: null });
});

it('knows how a process ended that was the last before the shim ended', async () => {
  let control: Socket | undefined;
  onControl = (socket) => {
    // The next one is that of the next shim.
    if (control !== undefined) return;
    control = socket;
    greet(socket);
  };
  onChild = (socket, label) => {
    greet(socket);
    tellExit(control, label);
    control?.once('close', () => socket.end());
    control?.resume().end();
  };
  expect(await openAndEnd()).toEqual({ code: 5, signal: null });
});
