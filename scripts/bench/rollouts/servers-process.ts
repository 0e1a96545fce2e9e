// Child process: well-behaved MCP servers on one port, at every address of this machine: each pod of the stand-in has one of
// its own. Tells its port when it listens.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { kinds, serve } from '../../../e2e/servers/odd-answers.ts';
import { sendToParent } from '../admission/parent.ts';

const server = createServer((request, response) => {
  serve(kinds.good, request, response);
});
server.requestTimeout = 0;
server.listen(0, '0.0.0.0', () => {
  // Listening on a TCP port, so it is an address with a port.
  sendToParent({ port: (server.address() as AddressInfo).port });
});
process.once('disconnect', () => {
  process.exit(0);
});
