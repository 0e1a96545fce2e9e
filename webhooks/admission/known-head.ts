import { endpoints, type Endpoint } from './handler.ts';

/** What the head of a request says about its body. */
export interface KnownHead {
  readonly endpoint: Endpoint;
  /** With the query. */
  readonly url: string;
  /** Bytes of the head, and those of the body behind it. */
  readonly headBytes: number;
  readonly bodyBytes: number;
}

const endOfHead = Buffer.from('\r\n\r\n');

const firstLine = new RegExp(`^POST (/(${endpoints.join('|')})(?:\\?[!-~]*)?) HTTP/1\\.1\\r\\n`);

/** Fields that change nothing about how a request is read and answered. */
const others = '(?:(?:User-Agent|Accept|Accept-Encoding|Authorization|Traceparent|Tracestate|Baggage): [ -~]*\\r\\n)*';
const type = 'Content-Type: application/json\\r\\n';
const length = 'Content-Length: (\\d{1,6})\\r\\n';
const body = `(?:${type}${others}${length}|${length}${others}${type})`;
const fields = new RegExp(`^Host: [ -~]*\\r\\n${others}${body}${others}$`, 'i');

/**
 * Reads a head as API servers send it, from the first byte on. Undefined for everything else, and for what is not whole yet:
 * that is for Node to read. What is known is a closed list, so nothing can stand in a head that would mean another body
 * to somebody else: no encoding, no connection options, no second length.
 */
export function readKnownHead(bytes: Buffer): KnownHead | undefined {
  const end = bytes.indexOf(endOfHead);
  if (end === -1) return undefined;
  const text = bytes.toString('latin1', 0, end + '\r\n'.length);
  const [line = '', url = '', endpoint] = firstLine.exec(text) ?? [];
  if (!isEndpoint(endpoint)) return undefined;
  const [, before, behind] = fields.exec(text.slice(line.length)) ?? [];
  const digits = before ?? behind;
  if (digits === undefined) return undefined;
  return { endpoint, url, headBytes: end + endOfHead.length, bodyBytes: Number(digits) };
}

const names: ReadonlySet<string | undefined> = new Set(endpoints);

function isEndpoint(name: string | undefined): name is Endpoint {
  return names.has(name);
}
