// Child process: every MCP server of every tenant on one port, told apart by the Host that is asked for
// (`<kind>-<number>.<namespace>.svc…`). Tells its port when it listens; answers each message with what the good ones saw.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isKind, kinds, serve } from '../../../e2e/servers/odd-answers.ts';
import { sendToParent } from '../admission/parent.ts';

/** When each good server was asked last, and the longest that it waited since the last message, in milliseconds. */
const asked = new Map<string, { at: number; longestMs: number; count: number }>();

const server = createServer((request, response) => {
  const [name = ''] = (request.headers.host ?? '').split('.');
  const kind = name.replace(/-\d+$/, '');
  if (kind === 'good') note(name);
  if (isKind(kind)) serve(kinds[kind], request, response);
  else response.writeHead(404).end();
});
server.requestTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  // Listening on a TCP port, so it is an address with a port.
  sendToParent({ port: (server.address() as AddressInfo).port });
});

function note(name: string): void {
  const now = performance.now();
  const known = asked.get(name);
  if (known === undefined) {
    asked.set(name, { at: now, longestMs: 0, count: 1 });
    return;
  }
  known.longestMs = Math.max(known.longestMs, now - known.at);
  known.at = now;
  known.count += 1;
}

process.on('message', () => {
  const now = performance.now();
  const waits = [...asked.values()].map(({ at, longestMs }) => Math.max(longestMs, now - at));
  const counts = [...asked.values()].map(({ count }) => count);
  sendToParent({ waits, counts });
  for (const one of asked.values()) Object.assign(one, { longestMs: 0, count: 0 });
});
process.once('disconnect', () => {
  process.exit(0);
});
