import { isIP } from 'node:net';
import { connect } from 'node:tls';

import { lookupAbsolute } from '../absolute-lookup.ts';
import { networkFailure } from '../kube/network-error.ts';
import { startTimer } from '../timer.ts';
import { speaksTls } from './judge-reply.ts';
import type { FailedVerdict } from './judge-reply.ts';
import { hostOf, send } from './mcp-call.ts';
import type { McpCall } from './mcp-call.ts';

/** What was found out already about an endpoint that fails, so that it is asked once. */
export interface Looks {
  readonly speaksTls?: boolean;
  /** Where it speaks the transport before streamable HTTP; empty: nowhere that was looked. */
  readonly eventStreamPath?: string;
}

export interface SecondLook {
  readonly failure: FailedVerdict;
  readonly looks: Looks;
}

/** Longest time of one look, in milliseconds, and how much of an event stream is read, in bytes. */
const lookMs = 1_000;
const maxStreamBytes = 4_096;

/** Where servers of that transport mostly have it. */
const usualPath = '/sse';

/** A failure whose words could mean two things, with the one that it is. Costs one connection, the first time. */
export async function lookAgain(
  call: McpCall,
  failure: FailedVerdict,
  seen: { readonly isClosed: boolean; readonly httpStatus?: number | undefined; readonly looks?: Looks | undefined },
): Promise<SecondLook> {
  const { isClosed, httpStatus, looks = {} } = seen;
  if (call.signal.aborted) return { failure, looks };
  if (isClosed && call.url.protocol === 'http:') {
    const isTls = looks.speaksTls ?? (await answersTls(call));
    return {
      failure: isTls ? { ...failure, message: speaksTls, cause: 'speaks-tls' } : failure,
      looks: { ...looks, speaksTls: isTls },
    };
  }
  if (httpStatus === 404 || httpStatus === 405) {
    const path = looks.eventStreamPath ?? (await findOldTransport(call));
    return {
      failure: path === '' ? failure : { state: 'failed', message: oldTransport(path), cause: 'old-transport' },
      looks: { ...looks, eventStreamPath: path },
    };
  }
  return { failure, looks };
}

function oldTransport(path: string): string {
  const at = path === usualPath ? ` (at ${usualPath})` : '';
  return `it speaks the HTTP+SSE transport of 2024-11-05${at}, which the protocol has replaced: have the server serve streamable HTTP, and set spec.config.path to that`;
}

/** Whether a port that closed a connection with plain HTTP answers a TLS ClientHello in TLS, whatever it says then. */
function answersTls({ url, address, connect: connection, lookup = lookupAbsolute, signal }: McpCall): Promise<boolean> {
  return new Promise((resolve) => {
    const { hostname } = url;
    const { host, port } = address ?? { host: hostname, port: Number(url.port === '' ? 80 : url.port) };
    const socket = connect({
      ...(connection === undefined ? { host, port, lookup } : { socket: connection() }),
      ...{ rejectUnauthorized: false, signal },
      ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
    });
    const finish = (isTls: boolean): void => {
      clearTimeout(timer);
      resolve(isTls);
      socket.destroy();
    };
    const timer = startTimer(() => {
      finish(false);
    }, lookMs);
    socket.once('secureConnect', () => {
      finish(true);
    });
    socket.on('error', (error) => {
      const { cause } = networkFailure(error);
      finish(cause === 'tls-version' || cause === 'tls-handshake');
    });
  });
}

/** At the path of the spec, or at the usual one, which the spec may not know of; empty: at neither. */
async function findOldTransport(call: McpCall): Promise<string> {
  const { pathname } = call.url;
  if (await answersEndpointEvent(call)) return pathname;
  if (pathname === usualPath || call.signal.aborted) return '';
  const usual = { ...call, url: new URL(usualPath, call.url) };
  return (await answersEndpointEvent(usual)) ? usualPath : '';
}

/** Whether GET opens a stream that tells where to post, as the transport before streamable HTTP does. */
async function answersEndpointEvent(call: McpCall): Promise<boolean> {
  const headers = { host: hostOf(call.url), accept: 'text/event-stream' };
  const limits = { endsAt: performance.now() + lookMs, maxAnswerBytes: maxStreamBytes };
  const reply = await send(call, { method: 'GET', headers }, limits);
  return reply.type === 'http' && reply.status === 200 && reply.event === 'endpoint';
}
