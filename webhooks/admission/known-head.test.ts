import { describe, expect, it } from '@jest/globals';
import { readKnownHead } from './known-head.ts';

/** As Go writes it, for a webhook of an API server that traces. */
const ofApiServer = [
  'POST /validate?timeout=5s HTTP/1.1',
  'Host: mcp-lifecycle.mcp-system.svc:443',
  'User-Agent: kube-apiserver-admission',
  'Content-Length: 17',
  'Accept: application/json, */*',
  'Content-Type: application/json',
  'Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  'Accept-Encoding: gzip',
];

function toBytes(lines: readonly string[], body = ''): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** The same with one line that was changed. */
function changed(from: string | RegExp, to: string): Buffer {
  return Buffer.from(toBytes(ofApiServer).toString().replace(from, to));
}

it('reads the head of an API server', () => {
  const headBytes = toBytes(ofApiServer).length;
  expect(readKnownHead(toBytes(ofApiServer, '{"kind":"Some'))).toEqual({
    endpoint: 'validate',
    url: '/validate?timeout=5s',
    headBytes,
    bodyBytes: 17,
  });
});

it.each([
  ['/mutate', 'mutate'],
  ['/scale?timeout=30s', 'scale'],
])('reads %s', (url, endpoint) => {
  expect(readKnownHead(changed('/validate?timeout=5s', url))).toMatchObject({ endpoint, url });
});

it('reads names in any case, and the type in front of the length', () => {
  const lines = ['POST /mutate HTTP/1.1', 'host: x', 'content-type: application/json', 'content-length: 2'];
  expect(readKnownHead(toBytes(lines))).toMatchObject({ endpoint: 'mutate', bodyBytes: 2 });
});

describe('leaves to Node', () => {
  it.each<readonly [string, string | RegExp, string]>([
    ['another method', 'POST', 'PUT'],
    ['a method in small letters', 'POST', 'post'],
    ['another path', '/validate?', '/metrics?'],
    ['a path below', '/validate?', '/validate/?'],
    ['a path in capitals', '/validate?', '/VALIDATE?'],
    ['a space in the query', 'timeout=5s', 'timeout= 5s'],
    ['an older version', 'HTTP/1.1', 'HTTP/1.0'],
    ['no host', /Host: .*\r\n/, ''],
    ['two hosts', /(Host: .*\r\n)/, '$1$1'],
    ['no length', /Content-Length: .*\r\n/, ''],
    ['two lengths', /(Content-Length: .*\r\n)/, '$1$1'],
    ['a length with a sign', 'Content-Length: 17', 'Content-Length: +17'],
    ['a length that is no number', 'Content-Length: 17', 'Content-Length: 0x11'],
    ['a length of a list', 'Content-Length: 17', 'Content-Length: 17, 17'],
    ['a length above a million', 'Content-Length: 17', 'Content-Length: 1000000'],
    ['a space before the colon', 'Content-Length: 17', 'Content-Length : 17'],
    ['no type', /Content-Type: .*\r\n/, ''],
    ['another type', 'application/json\r', 'text/plain\r'],
    ['a type with parameters', 'application/json\r', 'application/json; charset=utf-8\r'],
    ['chunks', 'Accept-Encoding: gzip', 'Transfer-Encoding: chunked'],
    ['something compressed', 'Accept-Encoding: gzip', 'Content-Encoding: gzip'],
    ['somebody who waits for a go-ahead', 'Accept-Encoding: gzip', 'Expect: 100-continue'],
    ['an option of the connection', 'Accept-Encoding: gzip', 'Connection: close'],
    ['a field that nobody knows', 'Accept-Encoding: gzip', 'X-Other: 1'],
    ['a field that goes on in the next line', 'Accept-Encoding: gzip', 'Accept-Encoding: gzip\r\n more'],
    ['a line end of one character', 'gzip\r\n', 'gzip\n'],
    ['a NUL', 'gzip', 'gz\0ip'],
    ['a character beyond ASCII', 'gzip', 'gzïp'],
  ])('%s', (_, from, to) => {
    expect(readKnownHead(changed(from, to))).toBeUndefined();
  });

  it('a head that is not whole yet', () => {
    const bytes = toBytes(ofApiServer);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(readKnownHead(bytes.subarray(0, length))).toBeUndefined();
    }
  });
});
