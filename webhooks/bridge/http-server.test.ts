import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { createLogger } from '../platform/log.ts';
import { startHttpServer, type HttpServer } from './http-server.ts';
import { eventually } from './testing/use-bridge.ts';

let server: HttpServer | undefined;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close();
});

it('answers others while as many bodies as there may be connections never come to their end', async () => {
  let begun = 0;
  server = await startHttpServer({
    ...{ port: 0, host: '127.0.0.1', maxConnections: 4 },
    log: createLogger({ level: 'error', write: () => undefined, now: () => new Date() }),
    handle: (asked, response) => {
      begun += 1;
      asked.resume().once('end', () => response.end('whole'));
      return Promise.resolve();
    },
  });
  const { port } = server;
  for (let n = 0; n < 4; n += 1) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n{');
    sockets.push(socket);
  }
  await eventually(() => begun === 4);
  expect(await (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'all of it' })).text()).toBe('whole');
});
