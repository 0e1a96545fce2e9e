import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { proxyUrl } from './api.ts';

/** How a request goes wrong. */
export type Fault =
  | { readonly type: 'refused'; readonly status: number; readonly retryAfterSeconds?: number }
  /** The connection ends before anything was done. */
  | { readonly type: 'lost' }
  /** What was asked for is done, and the connection ends without an answer. */
  | { readonly type: 'unanswered' }
  /** What was asked for is done, and its answer comes so much later. */
  | { readonly type: 'slow'; readonly ms: number };

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly isWatch: boolean;
}

/** A way to the API server of which a case says what goes wrong on it. */
export interface FaultProxy {
  readonly url: URL;
  /** Requests and watches since the start. */
  readonly count: () => number;
  /** Default: nothing goes wrong. */
  faultOf: (asked: Asked) => Fault | undefined;
  /** Ends the watches that are open: their connections, or in the words of an API server that has forgotten their place. */
  readonly endWatches: (how: 'cut' | '410') => void;
  readonly close: () => Promise<void>;
}

/** Listens on a free port of this machine's loopback. */
export async function startFaultProxy(): Promise<FaultProxy> {
  const target = new URL(proxyUrl());
  const watches = new Set<http.ServerResponse>();
  let count = 0;
  const server = http.createServer((request, response) => {
    count += 1;
    const { method = '', url = '' } = request;
    const isWatch = url.includes('watch=true');
    if (isWatch) {
      watches.add(response);
      response.once('close', () => watches.delete(response));
    }
    const [path = ''] = url.split('?');
    answer({ request, response, target }, proxy.faultOf({ method, path, isWatch }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: FaultProxy = {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    count: () => count,
    faultOf: () => undefined,
    endWatches(how) {
      for (const watch of watches) {
        if (how === '410' && watch.headersSent) watch.end(`${JSON.stringify(forgotten)}\n`);
        else watch.destroy();
      }
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

interface Exchange {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly target: URL;
}

function answer(on: Exchange, fault: Fault | undefined): void {
  const { request, response } = on;
  switch (fault?.type) {
    case undefined:
      forward(on, (upstream) => {
        pass(upstream, response);
      });
      return;
    case 'lost':
      request.destroy();
      return;
    case 'refused':
      request.resume();
      refuse(response, fault);
      return;
    case 'unanswered':
      forward(on, (upstream) => {
        upstream.resume();
        request.destroy();
      });
      return;
    case 'slow':
      forward(on, (upstream) => {
        void sleep(fault.ms).then(() => {
          pass(upstream, response);
        });
      });
  }
}

function forward({ request, response, target }: Exchange, then: (upstream: http.IncomingMessage) => void): void {
  const { method, url: path, headers } = request;
  const { hostname, port, host } = target;
  const sent = http.request({ hostname, port, method, path, headers: { ...headers, host } }, then);
  sent.once('error', () => response.destroy());
  response.once('close', () => sent.destroy());
  request.pipe(sent);
}

function pass(upstream: http.IncomingMessage, response: http.ServerResponse): void {
  response.writeHead(upstream.statusCode ?? 502, upstream.headers);
  response.flushHeaders();
  upstream.pipe(response);
}

function refuse(response: http.ServerResponse, { status, retryAfterSeconds }: Fault & { type: 'refused' }): void {
  const after = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  response.writeHead(status, { 'content-type': 'application/json', ...after });
  response.end(JSON.stringify({ kind: 'Status', code: status, message: 'as the case wants it' }));
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#410-gone-responses */
const forgotten = {
  type: 'ERROR',
  object: {
    ...{ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 410, reason: 'Expired' },
    message: 'too old resource version, as the case wants it',
  },
};
