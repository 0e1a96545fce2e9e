// Runs inside the cluster (image odd-mcp-server): one of the servers of odd-answers.ts, on the port that it is given.
// `GET /waits` tells the longest that it was not asked since that was read last, in milliseconds. With a third argument the
// process exits when it is asked that method, or, with ANY, whatever it is asked. After `POST /break` it answers HTTP 500 to
// whatever it is asked; after `POST /more` it lists one more tool, which deletes. `GET /ready`, for a probe, answers HTTP 503
// until `POST /ready`. A call of a tool is answered with a stream (streams.ts); `GET /streams` tells how many there are. Where
// the metadata of what it protects would be, it tells which pod was asked, and for which path.
// Without arguments they are in the environment, for APIs that have no field for them.
import { createServer } from 'node:http';
import { isKind, kinds, listMore, serve } from './odd-answers.ts';
import type { Call } from './odd-answers.ts';
import { createStreams } from './streams.ts';

/** What it has begun it finishes, but not what never ends, in milliseconds. */
const farewellMs = 6_000;

const usage = 'usage: odd-mcp-server PORT KIND [METHOD]';

function main([port, name = '', fatal]: readonly string[]): void {
  if (port === undefined || !isKind(name)) throw new Error(`${usage}; KIND is one of ${Object.keys(kinds).join(', ')}`);
  const kind = kinds[name];
  let askedAt = performance.now();
  let longestMs = 0;
  let isBroken = false;
  let listsMore = false;
  let isReady = false;
  const streams = createStreams();
  const wait = (): number => Math.max(longestMs, performance.now() - askedAt);
  const server = createServer((request, response) => {
    if (request.url === '/waits') {
      response.end(String(wait()));
      longestMs = 0;
      return;
    }
    if (request.url === '/streams') {
      response.end(String(streams.count()));
      return;
    }
    if (request.url === '/ready') {
      isReady ||= request.method === 'POST';
      response.writeHead(isReady ? 200 : 503).end();
      return;
    }
    if (request.method === 'GET' && request.url?.startsWith('/.well-known/oauth-protected-resource') === true) {
      response.end(JSON.stringify({ pod: process.env['HOSTNAME'], path: request.url }));
      return;
    }
    isBroken ||= request.url === '/break';
    if (isBroken) {
      response.writeHead(500).end();
      return;
    }
    listsMore ||= request.url === '/more';
    longestMs = wait();
    askedAt = performance.now();
    const behave = (call: Call): void => {
      if (fatal !== undefined) console.log(call.method);
      if (call.method === fatal || fatal === 'ANY') process.exit(1);
      if (call.method === 'tools/call') streams.begin(call);
      else if (listsMore && call.method === 'tools/list') listMore(call);
      else kind.behave(call);
    };
    serve({ ...kind, behave }, request, response);
  }).listen(Number(port));
  process.once('SIGTERM', () => {
    server.close(() => process.exit(0));
    setTimeout(() => process.exit(0), farewellMs);
  });
}

const { ODD_ARGUMENTS = '' } = process.env;

main(process.argv.length > 2 ? process.argv.slice(2) : ODD_ARGUMENTS.split(' '));
