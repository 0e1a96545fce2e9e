import { once } from 'node:events';
import { request as sendHttps, type Agent } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Registry } from 'prom-client';
import { systemClock, type Clock } from '../../platform/clock.ts';
import { silentLogger, type Logger } from '../../platform/log.ts';
import { issueAuthority, issueServing } from '../../platform/tls/certificates.ts';
import { allowed } from '../admission-review.ts';
import { defaultCallLimits, type CallLimits } from '../call.ts';
import { defaultConnectionLimits, type ConnectionLimits } from '../connections.ts';
import type { Endpoint, Handler } from '../handler.ts';
import { createAdmissionMetrics } from '../metrics.ts';
import { startAdmissionServer, type AdmissionServer } from '../server.ts';

export interface TestServer {
  readonly server: AdmissionServer;
  readonly port: number;
  readonly ca: string;
  /** The value of one metric of ours, with labels as Prometheus prints them: `admission_shed_total{reason="full"}`. */
  metric(nameAndLabels: string): Promise<number | undefined>;
  send(call: TestCall): Promise<TestAnswer>;
  stop(): Promise<void>;
}

export interface TestCall {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | object;
  readonly agent?: Agent;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** No connection is late: a busy machine may need longer for a handshake than the five seconds that there are elsewhere. */
const patientWithConnections = { handshakeMs: 3_600_000, headMs: 3_600_000 };

/** A real server on a port of its own, with a certificate that its client checks. */
export async function startTestServer(
  options: {
    readonly handlers?: Partial<Record<Endpoint, Handler>>;
    readonly limits?: Partial<CallLimits>;
    readonly connectionLimits?: Partial<ConnectionLimits>;
    readonly clientCa?: string;
    readonly log?: Logger;
    readonly clock?: Clock;
  } = {},
): Promise<TestServer> {
  const authority = await issueAuthority(new Date());
  const registry = new Registry();
  const metrics = createAdmissionMetrics(registry, {
    isReady: () => true,
    certificateLives: () => ({ serving: { from: Date.now(), to: Date.now() + 60_000 } }),
    rotationPhase: () => 'none',
    now: () => new Date(),
  });
  const server = await startAdmissionServer({
    port: 0,
    host: '127.0.0.1',
    clock: options.clock ?? systemClock,
    log: options.log ?? silentLogger,
    metrics,
    limits: { ...defaultCallLimits, ...options.limits },
    connectionLimits: { ...defaultConnectionLimits, ...patientWithConnections, ...options.connectionLimits },
    clientCa: options.clientCa,
    handlers: {
      mutate: () => allowed(),
      validate: () => allowed(),
      scale: () => allowed(),
      composite: () => allowed(),
      ...options.handlers,
    },
  });
  server.setCertificate(await issueServing(authority, ['localhost'], new Date()));
  const { port } = server;
  const ca = authority.certificate;
  return {
    server,
    port,
    ca,
    send: (call) => send({ ca, port }, call),
    stop: () => server.drain({ delayMs: 0, deadlineMs: 0 }),
    async metric(nameAndLabels) {
      const line = (await registry.metrics())
        .split('\n')
        .find((text) => text.startsWith(`mcp_lifecycle_${nameAndLabels} `));
      return line === undefined ? undefined : Number(line.split(' ').at(-1));
    },
  };
}

/** One HTTPS request and its whole answer; objects are sent as JSON. */
export async function send(
  { ca, port }: { readonly ca: string; readonly port: number },
  call: TestCall,
): Promise<TestAnswer> {
  const { body = '' } = call;
  const payload =
    typeof body === 'string' || Buffer.isBuffer(body) ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
  const request = sendHttps({
    host: '127.0.0.1',
    servername: 'localhost',
    ca,
    port,
    path: call.path ?? '/validate?timeout=30s',
    method: call.method ?? 'POST',
    headers: { 'content-type': 'application/json', 'content-length': payload.length, ...call.headers },
    ...(call.agent === undefined ? {} : { agent: call.agent }),
  });
  // What breaks after the answer has come breaks no test; before it, `once` rejects.
  request.on('error', () => undefined);
  request.end(payload);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}
