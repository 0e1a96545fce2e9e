import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { AnswerParser } from './answer-parser.ts';
import type { AnswerHead } from './answer-parser.ts';

interface Read {
  readonly head: AnswerHead | undefined;
  readonly body: string;
  readonly ends: number;
  readonly isDone: boolean;
  readonly keepsConnection: boolean;
}

/** What is read of an answer that comes in such pieces; the connection ends after it if `isEnded`. */
function read(pieces: readonly Buffer[], isEnded = false): Read {
  const seen = { head: undefined as AnswerHead | undefined, body: '', ends: 0 };
  const parser = new AnswerParser({
    onHead(head) {
      if (seen.head !== undefined) throw new Error('a second head');
      seen.head = head;
    },
    onBody(chunk) {
      seen.body += chunk.toString();
    },
    onEnd() {
      seen.ends += 1;
    },
  });
  for (const piece of pieces) parser.take(piece);
  if (isEnded) parser.end();
  return { ...seen, isDone: parser.isDone, keepsConnection: parser.keepsConnection };
}

function answer(...lines: readonly string[]): Buffer {
  return Buffer.from(lines.join('\r\n'));
}

const whole = { ends: 1, isDone: true, keepsConnection: true };

const answers: readonly (readonly [what: string, bytes: Buffer, read: Read])[] = [
  [
    'a body of a length',
    answer('HTTP/1.1 200 OK', 'Audit-Id: x', 'content-LENGTH: 5', '', 'hello'),
    { ...whole, head: { status: 200, retryAfter: undefined }, body: 'hello' },
  ],
  [
    'a body in chunks, with names and values and a trailer',
    answer('HTTP/1.1 201 Created', 'Transfer-Encoding: chunked', '', '3;a=b', 'hel', '02', 'lo', '0', 'x: y', '', ''),
    { ...whole, head: { status: 201, retryAfter: undefined }, body: 'hello' },
  ],
  [
    'chunk sizes that a balancer pads with zeros',
    answer(
      'HTTP/1.1 200 OK',
      'Transfer-Encoding: chunked',
      '',
      '0000000000000003',
      'hel',
      '00000002;a',
      'lo',
      '00000000',
      '',
      '',
    ),
    { ...whole, head: { status: 200, retryAfter: undefined }, body: 'hello' },
  ],
  [
    'no body, though it speaks of chunks',
    answer('HTTP/1.1 204 No Content', 'Transfer-Encoding: chunked', '', ''),
    { ...whole, head: { status: 204, retryAfter: undefined }, body: '' },
  ],
  [
    'no body, though it says how long it would be',
    answer('HTTP/1.1 304 Not Modified', 'Content-Length: 5', '', ''),
    { ...whole, head: { status: 304, retryAfter: undefined }, body: '' },
  ],
  [
    'no body',
    answer('HTTP/1.1 204 No Content', '', ''),
    { ...whole, head: { status: 204, retryAfter: undefined }, body: '' },
  ],
  [
    'a length of nothing, and when to come again',
    answer('HTTP/1.1 429 Too Many Requests', 'Retry-After: 3', 'Content-Length: 0', '', ''),
    { ...whole, head: { status: 429, retryAfter: '3' }, body: '' },
  ],
  [
    'something before the answer',
    answer('HTTP/1.1 103 Early Hints', 'Link: x', '', 'HTTP/1.1 200', 'Content-Length: 2', '', 'ok'),
    { ...whole, head: { status: 200, retryAfter: undefined }, body: 'ok' },
  ],
  [
    'a connection that is closed after it',
    answer('HTTP/1.1 200 OK', 'Connection: Close', 'Content-Length: 2', '', 'ok'),
    { ...whole, keepsConnection: false, head: { status: 200, retryAfter: undefined }, body: 'ok' },
  ],
  [
    'an older HTTP',
    answer('HTTP/1.0 200 OK', 'Content-Length: 2', '', 'ok'),
    { ...whole, keepsConnection: false, head: { status: 200, retryAfter: undefined }, body: 'ok' },
  ],
];

describe('an answer', () => {
  it.each(answers)('with %s is read, wherever it is cut', (_, bytes, expected) => {
    expect(read([bytes])).toEqual(expected);
    expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(expected);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: bytes.length })), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        expect(read(at.slice(1).map((end, index) => bytes.subarray(at[index], end)))).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  it('without a length ends with the connection', () => {
    const bytes = answer('HTTP/1.1 200 OK', '', 'hello');
    expect(read([bytes])).toMatchObject({ body: 'hello', isDone: false });
    expect(read([bytes], true)).toMatchObject({ body: 'hello', ends: 1, isDone: true, keepsConnection: false });
  });

  it('is not complete where the connection ends before it', () => {
    const bytes = answer('HTTP/1.1 200 OK', 'Content-Length: 9', '', 'hello');
    expect(read([bytes], true)).toMatchObject({ ends: 0, isDone: false });
  });

  it.each([
    ['HPE_INVALID_CONSTANT', answer('SSH-2.0-x', '', '')],
    ['HPE_INVALID_CONSTANT', answer('HTTP/2 200', '', '')],
    ['HPE_INVALID_CONTENT_LENGTH', answer('HTTP/1.1 200 OK', 'Content-Length: -1', '', '')],
    ['HPE_INVALID_CONTENT_LENGTH', answer('HTTP/1.1 200 OK', 'Content-Length: 1', 'Content-Length: 2', '', '')],
    ['HPE_INVALID_TRANSFER_ENCODING', answer('HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked', '', '')],
    [
      'HPE_INVALID_TRANSFER_ENCODING',
      answer('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Transfer-Encoding: gzip', '', '2', 'ok', '0', '', ''),
    ],
    [
      'HPE_UNEXPECTED_CONTENT_LENGTH',
      answer('HTTP/1.1 200 OK', 'Content-Length: 1', 'Transfer-Encoding: chunked', '', ''),
    ],
    ['HPE_INVALID_CHUNK_SIZE', answer('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', 'x', '')],
    ['HPE_INVALID_CHUNK_SIZE', answer('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', 'fffffffff', '')],
    ['HPE_STRICT', answer('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '1', 'ab', '')],
    ['HPE_HEADER_OVERFLOW', Buffer.from(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`)],
    ['HPE_HEADER_OVERFLOW', Buffer.from('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'.repeat(3_000))],
    [
      'HPE_HEADER_OVERFLOW',
      Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'some: trailer\r\n'.repeat(6_000)}`),
    ],
    ['HPE_CLOSED_CONNECTION', answer('HTTP/1.1 200 OK', 'Content-Length: 2', '', 'okHTTP/1.1 200 OK')],
  ])('is refused with %s', (code, bytes) => {
    let found: unknown;
    try {
      read([bytes]);
    } catch (error) {
      found = error;
    }
    expect(found).toMatchObject({ code });
  });
});
