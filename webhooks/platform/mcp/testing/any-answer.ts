import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';

/** What one connection gets: bytes in pieces, with pauses, and an end. */
export interface AnyAnswer {
  /** Bytes of which each {@link idMark} becomes the id that was asked. */
  readonly bytes: Buffer;
  /** Lengths of the pieces in turn; 0 is all that is left. */
  readonly pieces: readonly number[];
  /** Before each of the first pieces, in milliseconds. */
  readonly pausesMs: readonly number[];
  readonly end: 'end' | 'reset' | 'hang';
}

/** Stands for the id of the request, and is as long as most of them. */
export const idMark = '7';

/** What stands in a message for a thing that fast-check need not build value by value. */
const bulks: Readonly<Record<string, () => string>> = {
  'empty objects': () => `[${'{},'.repeat(30_000)}{}]`,
  'empty objects, few enough': () => `[${'{},'.repeat(9_000)}{}]`,
  'nested lists': () => `${'['.repeat(60_000)}${']'.repeat(60_000)}`,
  'nested objects': () => `${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`,
  'unfinished lists': () => '['.repeat(10_000),
  'a long text': () => `"${'x'.repeat(300_000)}"`,
  'halves of emoji': () => `"${'\\ud83e'.repeat(2_000)}"`,
  'emoji and marks': () => `"${'🤖\u202e\u009b'.repeat(900)}"`,
  'a long number': () => '9'.repeat(5_000),
  'an odd object': () => '{"toString":0,"valueOf":0,"__proto__":{"id":1}}',
  'many keys': () => `{${Array.from({ length: 5_000 }, (_, at) => `"k${at}":{}`).join(',')}}`,
};

const bulk = fc.constantFrom(...Object.values(bulks)).map((make) => make());
const plain = fc.oneof({ weight: 30, arbitrary: fc.json({ maxDepth: 3 }) }, { weight: 1, arbitrary: bulk });
const oddly = (usual: string): Arbitrary<string> => fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, plain);

const tools = fc
  .array(fc.record({ name: fc.string({ unit: 'binary', maxLength: 80 }) }), { maxLength: 20 })
  .map((list) => JSON.stringify(list));

/** A result that serves as the answer to each of our questions. */
const result = fc
  .record({
    protocolVersion: oddly('"2025-11-25"'),
    supportedVersions: oddly('["2026-07-28","2025-11-25"]'),
    capabilities: oddly('{"tools":{},"resources":{},"prompts":{}}'),
    serverInfo: oddly('{"name":"any","version":"1"}'),
    instructions: fc.string({ unit: 'binary', maxLength: 3_000 }).map((text) => JSON.stringify(text)),
    tools: fc.oneof(tools, plain),
    nextCursor: fc.oneof(
      fc.constant('""'),
      fc.string({ maxLength: 20 }).map((text) => JSON.stringify(text)),
      plain,
    ),
  })
  .map(
    (fields) =>
      `{${Object.entries(fields)
        .map(([name, value]) => `"${name}":${value}`)
        .join(',')}}`,
  );

const error = fc
  .tuple(fc.integer(), oddly('"no such method"'), plain)
  .map(([code, message, data]) => `{"code":${code},"message":${message},"data":${data}}`);

const message = fc
  .tuple(
    oddly(idMark),
    fc.oneof(
      result.map((text) => `"result":${text}`),
      error.map((text) => `"error":${text}`),
      plain.map((text) => `"result":${text}`),
    ),
  )
  .map(([id, rest]) => `{"jsonrpc":"2.0","id":${id},${rest}}`);

const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
const event = fc
  .tuple(
    fc.constantFrom('data: ', 'data:', ': ', 'id: ', 'event: ', 'data', ''),
    fc.oneof(message, fc.constant(''), fc.constant('{"jsonrpc":"2.0","method":"notifications/message"}')),
    lineEnd,
  )
  .map(([field, text, end]) => `${field}${text}${end}${end}`);

const byteOrderMark = fc.constantFrom('', '', '', '\ufeff', '\ufeff\ufeff');
const body = fc
  .oneof(
    { weight: 4, arbitrary: message },
    { weight: 3, arbitrary: fc.array(event, { maxLength: 12 }).map((events) => events.join('')) },
    { weight: 1, arbitrary: event.map((text) => text.repeat(text.length > 1_000 ? 1 : 300)) },
    { weight: 1, arbitrary: plain },
    { weight: 1, arbitrary: fc.constant('<!doctype html><style>p{}</style><p>It works!') },
  )
  .chain((text) => byteOrderMark.map((mark) => Buffer.from(`${mark}${text}`)));
const bytes = fc.oneof(
  { weight: 9, arbitrary: body },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 2_000 }).map((array) => Buffer.from(array)) },
);

const contentType = fc.constantFrom(
  ...['application/json', 'application/json', 'application/json', 'text/event-stream', 'text/event-stream'],
  ...['application/json', 'application/json; charset=utf-16', 'text/event-stream', 'TEXT/EVENT-STREAM;charset=latin1'],
  ...['text/html', '', 'application/json,text/event-stream', 'constructor'],
);
const status = fc.oneof(
  { weight: 6, arbitrary: fc.constant(200) },
  { weight: 3, arbitrary: fc.constantFrom(202, 204, 301, 307, 400, 401, 403, 404, 405, 421, 426, 429, 500, 503) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 999 }) },
);

const header = fc.oneof(
  fc.constantFrom(
    'mcp-session-id: s1',
    'retry-after: 0',
    'retry-after: 99999999999',
    'location: http://[::1',
    'www-authenticate: Bearer',
  ),
  fc.constantFrom(
    'connection: upgrade\r\nupgrade: h2c',
    'trailer: x',
    'content-length: 3',
    'transfer-encoding: gzip, chunked',
  ),
  fc.string({ maxLength: 300 }).map((text) => `mcp-session-id: ${text}`),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => `x: ${text}`),
  fc
    .integer({ min: 1, max: 3_000 })
    .map((count) => Array.from({ length: count }, (_, at) => `x-${at}: y`).join('\r\n')),
);

type Framed = (content: Buffer) => { readonly headers: readonly string[]; readonly content: Buffer };

/** The extension is that of the first chunk: enough of them, and the bytes stay few. */
function chunked(content: Buffer, size: number, extension: string): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length; at += size) {
    const part = content.subarray(at, at + size);
    parts.push(Buffer.from(`${part.length.toString(16)}${at === 0 ? extension : ''}\r\n`), part, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

const inChunks: Arbitrary<Framed> = fc
  .tuple(fc.constantFrom(1, 7, 1_000, 65_536), fc.constantFrom('', '', ';a=b', `;${'x'.repeat(20_000)}`))
  .map(([size, extension]) => (content: Buffer) => ({
    headers: ['transfer-encoding: chunked'],
    // one byte each only where that stays within some megabytes
    content: chunked(content, content.length > 100_000 ? Math.max(size, 1_000) : size, extension),
  }));
const told: Framed = (content) => ({ headers: [`content-length: ${content.length}`], content });
const framing: Arbitrary<Framed> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(told) },
  fc
    .integer({ min: 0, max: 100_000 })
    .map((length) => (content: Buffer) => ({ headers: [`content-length: ${length}`], content })),
  fc.constant((content: Buffer) => ({ headers: [], content })),
  { weight: 3, arbitrary: inChunks },
  fc.constant((content: Buffer) => ({ headers: ['content-encoding: gzip'], content: gzipSync(content) })),
  fc.constant((content: Buffer) => ({ headers: ['content-encoding: br'], content })),
);

const interim = fc.constantFrom(
  ...['', '', '', '', '', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ...['HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(500), 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n'],
);

const http = fc
  .record({
    interim,
    framing,
    status,
    contentType,
    bytes,
    version: fc.constantFrom('1.1', '1.1', '1.1', '1.0', '2.0'),
    headers: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(header, { maxLength: 2 })),
  })
  .map(({ interim: before, framing: frame, status: code, contentType: type, bytes: given, version, headers: more }) => {
    const { headers, content } = frame(given);
    const lines = [
      `HTTP/${version} ${code} Said`,
      ...(type === '' ? [] : [`content-type: ${type}`]),
      ...headers,
      ...more,
    ];
    return Buffer.concat([Buffer.from(`${before}${lines.join('\r\n')}\r\n\r\n`, 'latin1'), content]);
  });

const wire = fc.oneof(
  { weight: 12, arbitrary: http },
  // cut anywhere
  { weight: 2, arbitrary: fc.tuple(http, fc.nat()).map(([whole, cut]) => whole.subarray(0, cut % (whole.length + 1))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 500 }).map((array) => Buffer.from(array)) },
  { weight: 1, arbitrary: fc.constant(Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x0a])) },
);

/**
 * Any answer: JSON or events or neither, in any framing, encoding and size, with ids, headers and statuses of all kinds, in
 * pieces, slowly, and with any end. `slowMs`: the longest pause.
 */
export function anyAnswer(slowMs: number): Arbitrary<AnyAnswer> {
  return fc.record({
    bytes: wire,
    pieces: fc.oneof(
      { weight: 4, arbitrary: fc.constant([0]) },
      { weight: 2, arbitrary: fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 6 }) },
      { weight: 1, arbitrary: fc.constant([1, 1, 1, 1, 1, 1, 1, 1, 0]) },
    ),
    pausesMs: fc.oneof(fc.constant([]), fc.array(fc.integer({ min: 0, max: slowMs }), { maxLength: 4 })),
    end: fc.oneof(
      { weight: 6, arbitrary: fc.constant('end' as const) },
      { weight: 1, arbitrary: fc.constantFrom('reset' as const, 'hang' as const) },
    ),
  });
}
