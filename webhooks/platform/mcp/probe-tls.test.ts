import { createServer as createPlainServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:https';
import type { ServerOptions } from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { useHeldTime } from '../http/testing/held-time.ts';
import { parseCaBundle } from '../tls/ca-certificates.ts';
import { issueAuthority, issueServing } from '../tls/certificates.ts';
import type { CertificateAuthority } from '../tls/certificates.ts';
import { probeMcpServer } from './probe.ts';
import type { TlsTrust } from './tls-trust.ts';

useHeldTime();
const servers: Server[] = [];
let authority: CertificateAuthority;
let stranger: CertificateAuthority;

beforeAll(async () => {
  [authority, stranger] = await Promise.all([issueAuthority(new Date()), issueAuthority(new Date())]);
});

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const discovered: RequestListener = (request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const { id } = JSON.parse(body) as { id?: unknown };
    const result = { supportedVersions: ['2026-07-28'], capabilities: {}, serverInfo: { name: 'tls', version: '1' } };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  });
};

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A server with a certificate of `authority` for `localhost`. */
async function serveTls(options: ServerOptions = {}, now = new Date(), names = ['localhost']): Promise<number> {
  const { certificate, privateKey } = await issueServing(authority, names, now);
  return listen(createServer({ cert: certificate, key: privateKey, ...options }, discovered));
}

async function probe(port: number, tls: TlsTrust, scheme = 'https'): Promise<string> {
  const result = await probeMcpServer({
    ...{ url: `${scheme}://localhost:${port}/mcp`, clientVersion: '1', timeoutMs: 30_000, tls },
    signal: new AbortController().signal,
  });
  return result.state === 'failed' ? result.message : result.state;
}

function trusting({ certificate }: CertificateAuthority): TlsTrust {
  const read = parseCaBundle(certificate);
  if (read.state !== 'usable') throw new Error('an issued CA is a certificate');
  const { bundle } = read;
  return { type: 'bundle', secret: 'ca', bundle: { digest: bundle.digest, get: () => bundle } };
}

const anyCertificate: TlsTrust = { type: 'any-certificate' };

const untrusted =
  'the TLS certificate comes from a CA that is not trusted; name its CA in spec.transport.tls.caBundleSecret';

describe('a server that serves TLS', () => {
  it('is verified when its CA is in the bundle', async () => {
    expect(await probe(await serveTls(), trusting(authority))).toBe('verified');
  });

  it.each(['https', 'http'])(
    'is asked over a connection that somebody gives, by the name of the URL: %s',
    async (scheme) => {
      const port = scheme === 'https' ? await serveTls() : await listen(createPlainServer(discovered));
      let connections = 0;
      const result = await probeMcpServer({
        // Nothing listens there.
        ...{ url: `${scheme}://localhost:1/mcp`, clientVersion: '1', timeoutMs: 30_000, tls: trusting(authority) },
        connect: () => {
          connections += 1;
          return connect(port, '127.0.0.1');
        },
        signal: new AbortController().signal,
      });
      expect([result.state, connections]).toEqual(['verified', 1]);
    },
  );

  it('is not verified while there is no room for the bundle, and says so', async () => {
    const bundle = { digest: 'one that nobody has', get: () => undefined };
    expect(await probe(await serveTls(), { type: 'bundle', secret: 'ca', bundle })).toMatch(
      /^there is no room for its CA bundle/,
    );
  });

  it('is not verified with the bundle of another CA, nor by the public ones', async () => {
    const port = await serveTls();
    expect(await probe(port, trusting(stranger))).toBe(untrusted);
    expect(await probe(port, { type: 'public-authorities' })).toBe(untrusted);
  });

  it('is verified with any certificate when nobody checks it', async () => {
    expect(await probe(await serveTls({}, new Date(0), ['elsewhere']), anyCertificate)).toBe('verified');
  });

  it('is not verified with a certificate for another name', async () => {
    const port = await serveTls({}, new Date(), ['elsewhere']);
    expect(await probe(port, trusting(authority))).toBe(
      'the TLS certificate is for another host name (it is for elsewhere): issue one for localhost',
    );
  });

  it('is not verified with a certificate that has expired', async () => {
    const port = await serveTls({}, new Date('2020-01-01'));
    expect(await probe(port, trusting(authority))).toBe('the TLS certificate has expired; replace it');
  });

  it('is not verified below TLS 1.2, whoever issued its certificate', async () => {
    const port = await serveTls({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' });
    expect(await probe(port, anyCertificate)).toBe('it does not speak TLS 1.2 or newer');
  });
});

describe('a server that speaks otherwise than the spec says', () => {
  it('fails when it serves plain HTTP and TLS is enabled', async () => {
    const port = await listen(createPlainServer(discovered));
    expect(await probe(port, anyCertificate)).toBe(
      'it does not speak TLS; take spec.transport.tls out, or configure the server for TLS',
    );
  });

  it('fails when it serves TLS and TLS is not enabled', async () => {
    expect(await probe(await serveTls(), anyCertificate, 'http')).toMatch(
      /^the port speaks TLS: set spec\.transport\.tls\.enabled$/,
    );
  });
});

describe('a certificate that is not trusted', () => {
  it('is an answer: no network policy is to be blamed for it', async () => {
    const url = `https://localhost:${await serveTls()}/mcp`;
    const result = await probeMcpServer({
      ...{ url, clientVersion: '1', tls: trusting(stranger) },
      signal: new AbortController().signal,
    });
    expect(result).toMatchObject({ state: 'failed' });
    expect(result).not.toHaveProperty('isUnanswered');
  });
});

describe('a bundle that is missing', () => {
  it('is a matter of the configuration: no connection is tried', async () => {
    const result = await probeMcpServer({
      ...{ url: 'https://localhost:1/mcp', clientVersion: '1', tls: { type: 'bundle-missing', secret: 'ca' } },
      signal: new AbortController().signal,
    });
    expect(result).toEqual({
      ...{ state: 'failed', message: "Secret 'ca' holds no CA certificates", isTlsConfiguration: true },
      cause: 'no-bundle',
    });
  });
});
