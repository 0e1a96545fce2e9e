import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { connect } from 'node:tls';

import { networkFailure } from '../../platform/kube/network-error.ts';
import { startTimer } from '../../platform/timer.ts';
import { speaksTls } from './judge-reply.ts';
import type { FailedVerdict } from './judge-reply.ts';
import { hostOf } from './mcp-call.ts';
import type { McpCall } from './mcp-call.ts';

/** What was found out already about an endpoint that fails, so that it is asked once. */
export interface Looks {
  readonly speaksTls?: boolean;
  readonly isEventStreamTransport?: boolean;
}

export interface SecondLook {
  readonly failure: FailedVerdict;
  readonly looks: Looks;
}

/** Longest time of one look, in milliseconds, and how much of an event stream is read, in bytes. */
const lookMs = 1_000;
const maxStreamBytes = 4_096;

const oldTransport =
  'it speaks the HTTP+SSE transport of 2024-11-05, which the protocol has replaced: have the server serve streamable HTTP, and set spec.config.path to that';

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
    return { failure: isTls ? told(failure, speaksTls) : failure, looks: { ...looks, speaksTls: isTls } };
  }
  if (httpStatus === 404 || httpStatus === 405) {
    const isOld = looks.isEventStreamTransport ?? (await answersEndpointEvent(call));
    return {
      failure: isOld ? { state: 'failed', message: oldTransport } : failure,
      looks: { ...looks, isEventStreamTransport: isOld },
    };
  }
  return { failure, looks };
}

function told(failure: FailedVerdict, remedy: string): FailedVerdict {
  return { ...failure, message: `${failure.message}; ${remedy}` };
}

/** Whether a port that closed a connection with plain HTTP answers a TLS ClientHello in TLS, whatever it says then. */
function answersTls({ url, signal }: McpCall): Promise<boolean> {
  return new Promise((resolve) => {
    const { hostname } = url;
    const socket = connect({
      ...{ host: hostname, port: Number(url.port === '' ? 80 : url.port), rejectUnauthorized: false, signal },
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

/** Whether GET opens a stream that tells where to post, as the transport before streamable HTTP does. */
function answersEndpointEvent({ url, tls, signal }: McpCall): Promise<boolean> {
  return new Promise((resolve) => {
    const { request: open } = url.protocol === 'https:' ? https : http;
    const request = open(url, {
      ...{ ...tls, method: 'GET', agent: false, signal },
      headers: { host: hostOf(url), accept: 'text/event-stream' },
    });
    const finish = (isOld: boolean): void => {
      clearTimeout(timer);
      resolve(isOld);
      request.destroy();
    };
    const timer = startTimer(() => {
      finish(false);
    }, lookMs);
    request.on('error', () => {
      finish(false);
    });
    // Interim answers and other protocols: what the old transport does not send, and what could be sent without end.
    request.on('information', () => {
      finish(false);
    });
    request.on('upgrade', (_, socket) => {
      socket.destroy();
      finish(false);
    });
    request.on('response', (response) => {
      const isStream = response.headers['content-type']?.toLowerCase().startsWith('text/event-stream') === true;
      if (response.statusCode !== 200 || !isStream) {
        finish(false);
        return;
      }
      let text = '';
      response.on('error', () => {
        finish(false);
      });
      response.on('end', () => {
        finish(false);
      });
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        if (/^event: ?endpoint\r?$/m.test(text)) finish(true);
        else if (text.length > maxStreamBytes) finish(false);
      });
    });
    request.end();
  });
}
