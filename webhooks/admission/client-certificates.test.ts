import { Agent } from 'node:https';
import { afterEach, expect, it } from '@jest/globals';
import { createLogger } from '../platform/log.ts';
import { issueAuthority, issueServing } from '../platform/tls/certificates.ts';
import { askByHandshake } from '../platform/tls/serving-replicas.ts';
import { issueTestClient } from '../platform/tls/testing/issue-client.ts';
import { until } from '../platform/tls/testing/until.ts';
import { aReview } from './testing/review.ts';
import { send, startTestServer, type TestServer } from './testing/test-server.ts';

const trusted = issueTestClient();
const stranger = issueTestClient();

let running: TestServer | undefined;
const lines: string[] = [];

afterEach(async () => {
  await running?.stop();
  lines.length = 0;
});

async function start(): Promise<TestServer> {
  const log = createLogger({ level: 'warn', write: (line) => lines.push(line), now: () => new Date() });
  running = await startTestServer({ clientCa: trusted.ca, log });
  return running;
}

/** The status of an answer, or that there was none. */
async function ask(server: TestServer, agent: Agent): Promise<number | 'refused'> {
  try {
    return (await server.send({ body: aReview(), agent })).status;
  } catch {
    return 'refused';
  }
}

it('serves a client with a certificate of the CA', async () => {
  const server = await start();
  const { cert, key } = trusted;
  expect(await ask(server, new Agent({ cert, key }))).toBe(200);
});

it.each([
  ['without a certificate', {}, 'no certificate'],
  ['with a certificate of another CA', { cert: stranger.cert, key: stranger.key }, 'CERT_SIGNATURE_FAILURE'],
])('refuses an anonymous caller %s, and tells one of them in the log', async (_, identity, reason) => {
  const server = await start();
  for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
    expect(await ask(server, new Agent({ ...identity, maxVersion }))).toBe('refused');
  }
  await until(async () => (await server.metric('admission_shed_total{reason="client certificate"}')) === 2);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(reason);
});

it('refuses a caller who comes back with the ticket of an earlier connection', async () => {
  const server = await start();
  // It keeps sessions for later connections.
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 10 });
  for (let count = 0; count < 5; count += 1) expect(await ask(server, agent)).toBe('refused');
});

it('goes on asking after the serving certificate was replaced', async () => {
  const server = await start();
  const authority = await issueAuthority(new Date());
  server.server.setCertificate(await issueServing(authority, ['localhost'], new Date()));
  const address = { port: server.port, ca: authority.certificate };
  const { cert, key } = trusted;
  expect(await send(address, { body: aReview(), agent: new Agent({ cert, key }) })).toMatchObject({ status: 200 });
  await expect(send(address, { body: aReview(), agent: new Agent() })).rejects.toThrow();
});

it('still shows its own certificate to the other replicas, which ask for it before they drop an old CA', async () => {
  const server = await start();
  const ask = askByHandshake('localhost');
  // On a busy machine a handshake may take longer than the three seconds that it has.
  await until(async () => (await ask({ host: '127.0.0.1', port: server.port })).type === 'certificate');
});
