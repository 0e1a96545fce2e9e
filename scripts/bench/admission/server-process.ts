// Child process: one HTTPS server that answers admission reviews. `floor` only parses and answers; `webhook` is ours,
// with every rule and default, and what servers reference answered out of memory (the API server is not measured here);
// `policy` is the same with a policy of many overrides.
// Tells its port and CA when it listens; answers each message with the CPU time that it used so far.
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { allowed } from '../../../webhooks/admission/admission-review.ts';
import { defaultCallLimits } from '../../../webhooks/admission/call.ts';
import { defaultConnectionLimits } from '../../../webhooks/admission/connections.ts';
import { createAdmissionMetrics } from '../../../webhooks/admission/metrics.ts';
import { createMutate } from '../../../webhooks/admission/mutate.ts';
import { startAdmissionServer } from '../../../webhooks/admission/server.ts';
import { createValidate } from '../../../webhooks/admission/validate.ts';
import type { Policy } from '../../../webhooks/core/engine/policy.ts';
import { builtInPolicy } from '../../../webhooks/core/rules/built-in-policy.ts';
import { systemClock } from '../../../webhooks/platform/clock.ts';
import { createLogger } from '../../../webhooks/platform/log.ts';
import { issueAuthority, issueServing } from '../../../webhooks/platform/tls/certificates.ts';
import { facts } from './facts.ts';
import { sendToParent } from './parent.ts';
import { largePolicy } from './policy.ts';

const host = '127.0.0.1';

interface Certificate {
  readonly certificate: string;
  readonly privateKey: string;
}

/** What any webhook has to do: read the body, parse it, answer with its UID. */
async function startFloor({ certificate, privateKey }: Certificate): Promise<number> {
  const server = createServer({ cert: certificate, key: privateKey, minVersion: 'TLSv1.3' }, answerAtOnce);
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  // Listening on a TCP port, so it is an address with a port.
  return (server.address() as AddressInfo).port;
}

function answerAtOnce(request: IncomingMessage, response: ServerResponse): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    // Only our own load reaches this port.
    const review = JSON.parse(Buffer.concat(pieces).toString('utf8')) as { readonly request: { readonly uid: string } };
    const text = JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: review.request.uid, allowed: true },
    });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  });
}

async function startWebhook(certificate: Certificate, policy: Policy): Promise<number> {
  const handlers = {
    mutate: createMutate({ policy: builtInPolicy, onSkipped: () => undefined }),
    validate: createValidate({
      policy,
      gatherFacts: () => Promise.resolve(facts),
      now: () => new Date().toISOString(),
      onSkipped: () => undefined,
    }),
    scale: () => allowed(),
    composite: () => allowed(),
  };
  const metrics = createAdmissionMetrics(new Registry(), {
    isReady: () => true,
    certificateLives: () => ({}),
    rotationPhase: () => 'none',
    now: () => new Date(),
  });
  const log = createLogger({ level: 'error', write: (line) => process.stderr.write(line), now: () => new Date() });
  const server = await startAdmissionServer({
    ...{
      port: 0,
      host,
      handlers,
      metrics,
      log,
      clock: systemClock,
      limits: defaultCallLimits,
      connectionLimits: defaultConnectionLimits,
    },
  });
  server.setCertificate(certificate);
  return server.port;
}

const authority = await issueAuthority(new Date());
const certificate = await issueServing(authority, ['localhost'], new Date());
const [, , what] = process.argv;
const port = await (what === 'floor'
  ? startFloor(certificate)
  : startWebhook(certificate, what === 'policy' ? largePolicy() : builtInPolicy));
process.on('message', () => {
  sendToParent({ cpuMicros: process.cpuUsage().user + process.cpuUsage().system });
});
process.once('disconnect', () => {
  process.exit(0);
});
sendToParent({ port, ca: authority.certificate });
