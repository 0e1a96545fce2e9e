import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

import type { ApiRequest, ApiResult, KubeApi } from '../api.ts';

/** A fake API over HTTP, for programs of their own process. */
export async function serveFakeApi(api: KubeApi): Promise<Server> {
  const server = createServer((request, response) => {
    answer(api, request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function answer(api: KubeApi, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://fake');
  const query = Object.fromEntries(searchParams);
  if (query['watch'] === 'true') {
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    response.writeHead(200).flushHeaders();
    await api.watch({ path, query, idleTimeoutMs: 0, signal: gone.signal }, (event) => {
      response.write(`${JSON.stringify(event)}\n`);
    });
    response.end();
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  const method = request.method as ApiRequest['method'];
  const contentType = (request.headers['content-type'] ?? 'application/json') as NonNullable<ApiRequest['contentType']>;
  send(response, await api.request({ method, path, query, body, contentType }));
}

function send(response: ServerResponse, result: ApiResult): void {
  const { status, body } = result.ok
    ? { status: 200, body: result.body }
    : { status: result.error.status, body: { reason: result.error.reason, message: result.error.message } };
  response.writeHead(status).end(JSON.stringify(body));
}
