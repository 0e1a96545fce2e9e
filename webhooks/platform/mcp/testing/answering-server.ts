import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { jest } from '@jest/globals';

/** One message that a server got, as it came. */
export interface Asked {
  /** JSON-RPC method, or the verb of a request without a message. */
  readonly method: string;
  readonly path: string;
  readonly id: unknown;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Names in the order of the wire. */
  readonly headerNames: readonly string[];
}

export type Answering = (response: ServerResponse, asked: Asked) => void;

export interface AnsweringServer {
  readonly url: string;
  readonly asked: Asked[];
  /** Methods alone, in order. */
  methods(): readonly string[];
  close(): Promise<void>;
}

/** A server that answers each JSON-RPC method (or verb) as the test says, 404 to others, and remembers what it was asked. */
export async function startAnswering(answers: Readonly<Record<string, Answering>>): Promise<AnsweringServer> {
  const asked: Asked[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { id, method = String(request.method) } = (body === '' ? {} : JSON.parse(body)) as {
        readonly id?: unknown;
        readonly method?: string;
      };
      const headerNames = request.rawHeaders.filter((_, index) => index % 2 === 0);
      const path = request.url ?? '';
      const one = { method, path, id, body, headers: request.headers, headerNames };
      asked.push(one);
      const answer = answers[method];
      if (answer === undefined) response.writeHead(404).end();
      else answer(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    asked,
    methods: () => asked.map(({ method }) => method),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers in JSON-RPC. */
export function answer(
  message: { readonly result: unknown } | { readonly error: unknown },
  {
    status = 200,
    headers = {},
  }: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): Answering {
  return (response, { id }) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...message }));
  };
}

/** Answers with a status and words alone. */
export function refuse(status: number, words = '', headers: Readonly<Record<string, string>> = {}): Answering {
  return (response) => response.writeHead(status, { 'content-type': 'text/plain', ...headers }).end(words);
}

/** Closes the connection without a word. */
export const hangUp: Answering = (response) => response.destroy();

/** Never answers: in held time, that passes until whoever asked gives up. */
export const silence: Answering = () => {
  jest.advanceTimersToNextTimer();
};

export const initialized = {
  protocolVersion: '2025-06-18',
  capabilities: { tools: {} },
  serverInfo: { name: 'old', version: '0.9' },
};

export const discovered = {
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: {} },
  serverInfo: { name: 'new', version: '2.0' },
};
