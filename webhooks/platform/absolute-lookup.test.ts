import { once } from 'node:events';
import { request as startHttp, createServer } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { connect, createServer as createTlsServer } from 'node:tls';

import { describe, expect, it } from '@jest/globals';

import { createAbsoluteLookup } from './absolute-lookup.ts';
import { issueAuthority } from './tls/certificates.ts';

function recording() {
  const asked: string[] = [];
  const resolve: LookupFunction = (name, { all }, callback) => {
    asked.push(name);
    setImmediate(() => {
      if (all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
      else callback(null, '127.0.0.1', 4);
    });
  };
  return { asked, lookup: createAbsoluteLookup(resolve) };
}

const service = 'search.mcp.svc.cluster.local';

describe('the lookup of a full name', () => {
  it.each([
    [service, `${service}.`],
    [`${service}.`, `${service}.`],
    ['localhost', 'localhost'],
  ])('asks for %s as %s', (name, expected) => {
    const { asked, lookup } = recording();
    lookup(name, {}, () => undefined);
    expect(asked).toEqual([expected]);
  });

  it('saves the search list and leaves the Host header without a dot', async () => {
    const { asked, lookup } = recording();
    let host: string | undefined;
    const server = createServer((request, response) => {
      ({ host } = request.headers);
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const request = startHttp(`http://${service}:${port}/mcp`, { lookup, agent: false }).end();
    await once(request, 'response');
    request.destroy();
    server.close();
    expect(asked).toEqual([`${service}.`]);
    expect(host).toBe(`${service}:${port}`);
  });

  it('leaves the name that TLS asks for without a dot', async () => {
    const { asked, lookup } = recording();
    const { certificate: cert, privateKey: key } = await issueAuthority(new Date());
    const names: string[] = [];
    const server = createTlsServer({
      ...{ cert, key },
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect({ host: service, port, lookup, servername: service, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    socket.destroy();
    server.close();
    expect(asked).toEqual([`${service}.`]);
    expect(names).toEqual([service]);
  });
});
