import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, it } from '@jest/globals';

const schemaOf = (parameters: number): string =>
  JSON.stringify(
    Object.fromEntries(
      Array.from({ length: parameters }, (_, at) => [`p${at}`, { type: ['string', 'null'], title: 'T' }]),
    ),
  );
const toolOf = (name: string, properties: string): string =>
  `{"name":"${name}","inputSchema":{"type":"object","properties":${properties}}},`;

/** Just within what is parsed: the shapes that take most memory for a value (measured), and the longest texts. */
const lists: Readonly<Record<string, string>> = {
  'empty objects, far too many': '{},'.repeat(340_000),
  'objects with an index': '{"20":1},'.repeat(9_900),
  'one text of a MiB': `{"name":"${'x'.repeat(1_000_000)}—"},`,
  'tools that are read one by one': Array.from({ length: 512 }, (_, at) => toolOf(`t${at}`, schemaOf(30))).join(''),
  'tools of as many values as are built at a time': Array.from({ length: 8 }, (_, at) =>
    toolOf(`t${at}`, schemaOf(2_400)),
  ).join(''),
  'names of 60 characters': Array.from(
    { length: 9_000 },
    (_, at) => `{"name":"${String(at).padStart(60, 'n')}"},`,
  ).join(''),
};

/** A server that answers a handshake, and each page of its tools with such a list and the next cursor. */
function answer(response: ServerResponse, { id, method }: { id?: number; method?: string }, list: string): void {
  const results: Readonly<Record<string, string>> = {
    initialize: '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"n","version":"1"}}',
    'tools/list': `{"tools":[${list}{}],"nextCursor":"more"}`,
  };
  const result = results[method ?? ''];
  if (result === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`{"jsonrpc":"2.0","id":${String(id)},"result":${result}}`);
}

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const list = lists[decodeURIComponent((request.url ?? '').slice(1))] ?? '';
    answer(response, (body === '' ? {} : JSON.parse(body)) as { id?: number; method?: string }, list);
  });
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** As many probes as the verifier has places, beside caches that make it as much heap as a reconciler of 1,000 servers uses. */
const program = (url: string): string => `
  import { probeMcpServer } from ${JSON.stringify(new URL('probe.ts', import.meta.url))};
  const caches = Array.from({ length: 12 * 1024 }, (_, at) => Array.from({ length: 128 }, () => at));
  const target = { url: ${JSON.stringify(url)}, clientVersion: '1', countsOffers: true, timeoutMs: 600_000 };
  const probe = () => probeMcpServer({ ...target, signal: new AbortController().signal });
  const results = await Promise.all(Array.from({ length: 48 }, probe));
  const states = [...new Set(results.map(({ state, offers = {} }) => state + Object.keys(offers).length))];
  process.stdout.write(JSON.stringify({ states, caches: caches.length }));
  process.exit(0);
`;

it.each(Object.keys(lists))(
  '48 servers at once that list %s end in verdicts, within the heap of the reconciler',
  async (name) => {
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/${encodeURIComponent(name)}`;
    // Three more than the chart gives: from source the program takes nine before it reads anything.
    const flags = ['--no-concurrent-recompilation', '--max-semi-space-size=1', '--max-old-space-size=32'];
    const args = [...flags, '--input-type=module', '--eval', program(url)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(JSON.parse(stdout)).toEqual({ states: ['verified0'], caches: 12 * 1024 });
  },
);
