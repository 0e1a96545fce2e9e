import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';

/**
 * Head of a request as API servers send it, in their order, so that the webhook reads it off the connection
 * (webhooks/admission/direct.ts). Node adds a field to it, which {@link sendAsApiServer} takes away.
 */
export function headersAsApiServer(host: string, body: Buffer): OutgoingHttpHeaders {
  return { Host: host, 'Content-Type': 'application/json', 'Content-Length': body.length };
}

/** The connection stays open all the same: that is how HTTP/1.1 has it. */
export function sendAsApiServer(request: ClientRequest, body: Buffer): void {
  request.removeHeader('connection');
  request.end(body);
}

/** Whether the answer came the direct way: Node's HTTP says how long it keeps the connection. */
export function isDirectAnswer({ statusCode, headers }: IncomingMessage): boolean {
  return statusCode === 200 && headers.connection === undefined;
}
