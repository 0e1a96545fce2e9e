import { X509Certificate } from 'node:crypto';
import { get as getPlain } from 'node:http';
import { get } from 'node:https';
import { connect } from 'node:net';
import { TLSSocket } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from './clock.ts';
import type { PlainServer } from './http/plain-server.ts';
import { createLogger } from './log.ts';
import { startMetricsServer } from './metrics-server.ts';
import { createMetricsRegistry } from './metrics.ts';
import {
  issueAuthority,
  issueServing,
  type CertificateAuthority,
  type ServingCertificate,
} from './tls/certificates.ts';
import { createInMemoryApi, type InMemoryApi } from './tls/testing/in-memory-api.ts';
import { until } from './tls/testing/until.ts';

const secrets = '/api/v1/namespaces/mcp-system/secrets';
const servername = 'webhook.mcp-system.svc';

let authority: CertificateAuthority;
let api: InMemoryApi;
let stop: AbortController;
let server: PlainServer | undefined;
let lines: string[];

beforeAll(async () => {
  authority = await issueAuthority(new Date());
});

beforeEach(() => {
  api = createInMemoryApi();
  stop = new AbortController();
  lines = [];
});

afterEach(async () => {
  stop.abort();
  await server?.close();
});

const issue = (): Promise<ServingCertificate> => issueServing(authority, [servername], new Date());

function store({ certificate, privateKey }: Partial<ServingCertificate>): void {
  const base64 = (text = ''): string => Buffer.from(text).toString('base64');
  const data = { 'tls.crt': base64(certificate), 'tls.key': base64(privateKey) };
  api.put(secrets, { metadata: { name: 'certificate' }, data });
}

async function start(metricsCertificate?: string): Promise<void> {
  server = await startMetricsServer({
    ...{ api, clock: systemClock, signal: stop.signal, host: '127.0.0.1' },
    log: createLogger({ level: 'warn', write: (line) => lines.push(line), now: () => new Date() }),
    registry: createMetricsRegistry({ program: 'webhook', process: true }),
    config: {
      ...{ namespace: 'mcp-system', metricsPort: 0 },
      ...(metricsCertificate === undefined ? {} : { metricsCertificate }),
    },
  });
}

interface Scrape {
  readonly text: string;
  readonly serial: string;
}

/** As Prometheus does it, on a new connection each time: with the CA, for the name of the Service. */
function scrape(): Promise<Scrape | undefined> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port: server?.port, path: '/metrics', servername, agent: false as const };
    const request = get({ ...options, ca: authority.certificate }, (response) => {
      const { socket } = response;
      const serial = socket instanceof TLSSocket ? socket.getPeerCertificate().serialNumber : '';
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => {
        resolve({ text, serial });
      });
    });
    request.on('error', () => {
      resolve(undefined);
    });
  });
}

const serialOf = ({ certificate }: ServingCertificate): string => new X509Certificate(certificate).serialNumber;

describe('metrics over TLS', () => {
  it('are served as soon as the Secret is filled, and not before', async () => {
    store({});
    await start('certificate');
    expect(await scrape()).toBeUndefined();
    store(await issue());
    await until(async () => (await scrape())?.text.includes('process_resident_memory_bytes') === true);
    expect(lines).toEqual([]);
  });

  it('are served with the next certificate when it is there, and with the one of before while the next is of no use', async () => {
    const [first, second] = [await issue(), await issue()];
    store(first);
    await start('certificate');
    await until(async () => (await scrape())?.serial === serialOf(first));
    store({ certificate: second.certificate, privateKey: first.privateKey });
    await until(() => lines.length > 0);
    expect(lines.join()).toContain('tls.key does not belong to tls.crt');
    expect((await scrape())?.serial).toBe(serialOf(first));
    store(second);
    await until(async () => (await scrape())?.serial === serialOf(second));
    api.remove(secrets, 'certificate');
    expect((await scrape())?.serial).toBe(serialOf(second));
  });

  it('are nothing for who asks without TLS', async () => {
    store(await issue());
    await start('certificate');
    await until(async () => (await scrape()) !== undefined);
    const answered = await new Promise<boolean>((resolve) => {
      getPlain({ host: '127.0.0.1', port: server?.port, path: '/metrics', agent: false }, () => {
        resolve(true);
      }).on('error', () => {
        resolve(false);
      });
    });
    expect(answered).toBe(false);
  });

  it('are served beside more idle connections than there may be, which are closed, and all with the server', async () => {
    store(await issue());
    await start('certificate');
    await until(async () => (await scrape()) !== undefined);
    const idle = Array.from({ length: 64 + 10 }, () => {
      const socket = connect(server?.port ?? 0, '127.0.0.1').resume();
      return socket.on('error', () => undefined);
    });
    const closed = (): number => idle.filter((socket) => socket.closed).length;
    await until(() => closed() >= 10);
    expect(closed()).toBeLessThan(idle.length);
    expect(await scrape()).toBeDefined();
    await server?.close();
    await until(() => closed() === idle.length);
  });
});

it('metrics are served without TLS, and no Secret is read, where none is named', async () => {
  await start();
  const response = await fetch(`http://127.0.0.1:${server?.port ?? 0}/metrics`);
  expect(response.status).toBe(200);
  expect(api.requests).toEqual([]);
});
