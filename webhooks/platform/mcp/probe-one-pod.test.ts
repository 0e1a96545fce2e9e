import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';

import { afterEach, describe, expect, it } from '@jest/globals';

import { useHeldTime } from '../http/testing/held-time.ts';
import { parseCaBundle } from '../tls/ca-certificates.ts';
import { issueAuthority, issueServing } from '../tls/certificates.ts';
import { asksOnce } from './handshake-era.ts';
import { probeMcpServer } from './probe.ts';
import type { ProbeTarget } from './probe.ts';
import { answer, initialized, refuse, startAnswering } from './testing/answering-server.ts';
import type { TlsTrust } from './tls-trust.ts';

useHeldTime();
/** Nobody resolves it, so whoever answers was connected to by its address. */
const name = 'search.tools.svc.cluster.invalid';

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const ask = (target: Pick<ProbeTarget, 'url' | 'at' | 'tls' | 'memory'>) =>
  probeMcpServer({ ...target, clientVersion: '1', signal: new AbortController().signal });

describe('a pod that is asked at its own address', () => {
  it('is asked by the name of the Service, and its session is given back', async () => {
    const server = await startAnswering({
      'server/discover': answer({ error: { code: -32601, message: 'Method not found' } }),
      initialize: answer({ result: initialized }, { headers: { 'mcp-session-id': 's-1' } }),
      'notifications/initialized': refuse(202),
      DELETE: refuse(204),
    });
    closing.push(() => server.close());
    const at = { host: '127.0.0.1', port: Number(new URL(server.url).port) };
    const result = await ask({ url: `http://${name}:8080/mcp`, at, memory: asksOnce });
    expect(result).toMatchObject({ state: 'verified', era: 'handshake' });
    expect(result.memory).not.toHaveProperty('session');
    expect(server.methods()).toEqual(['server/discover', 'initialize', 'notifications/initialized', 'DELETE']);
    expect(new Set(server.asked.map(({ headers }) => headers['host']))).toEqual(new Set([`${name}:8080`]));
  });

  it('has to have a certificate for the name of the Service, and is told that name by SNI', async () => {
    const authority = await issueAuthority(new Date());
    const read = parseCaBundle(authority.certificate);
    if (read.state !== 'usable') throw new Error('an issued CA is a certificate');
    const { bundle } = read;
    const tls: TlsTrust = { type: 'bundle', secret: 'ca', bundle: { digest: bundle.digest, get: () => bundle } };
    const asServed = async (of: string) => {
      const { certificate, privateKey } = await issueServing(authority, [of], new Date());
      const names: unknown[] = [];
      const SNICallback: TlsOptions['SNICallback'] = (told, callback) => {
        names.push(told);
        callback(null);
      };
      const server = createServer({ cert: certificate, key: privateKey, SNICallback }, (_, response) => {
        response.writeHead(401).end();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      closing.push(() => new Promise((resolve) => server.close(resolve)));
      const at = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
      return { result: await ask({ url: `https://${name}:8443/mcp`, at, tls }), names };
    };
    const good = await asServed(name);
    expect(good.result).toMatchObject({ state: 'auth-required' });
    expect(new Set(good.names)).toEqual(new Set([name]));
    const { result } = await asServed('127.0.0.1');
    expect(result).toMatchObject({ state: 'failed', message: expect.stringContaining('for another host name') });
  });
});
