import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { expect, it } from '@jest/globals';

import { issueAuthority, issueServing } from '../tls/certificates.ts';
import { createKubeApi } from './api-client.ts';
import type { Credentials } from './api.ts';

it.each([true, false])(
  'a client certificate that cannot be read is named each time, and costs no connection that there is (each request opened one from then on); direct: %s',
  async (isDirect) => {
    const now = new Date();
    const authority = await issueAuthority(now);
    const { certificate: cert, privateKey: key } = await issueServing(authority, ['localhost'], now);
    const sockets = new Set<unknown>();
    const server = createServer({ cert, key }, (request, response) => {
      sockets.add(request.socket);
      response.end('{}');
    }).listen(0, 'localhost');
    await once(server, 'listening');
    const good: Credentials = { tls: { ca: authority.certificate }, headers: {} };
    const broken: Credentials = { tls: { ...good.tls, cert: 'half a certificate', key: 'half a key' }, headers: {} };
    let credentials = good;
    const api = createKubeApi({
      server: {
        url: new URL(`https://localhost:${(server.address() as AddressInfo).port}`),
        ...{ isDirect, credentials: () => Promise.resolve(credentials), forgetCredentials: () => undefined },
      },
      userAgent: 'test',
    });
    const ask = () => api.request({ method: 'GET', path: '/' });
    try {
      expect(await ask()).toMatchObject({ ok: true });
      credentials = broken;
      for (let time = 1; time <= 2; time += 1) {
        expect(await ask()).toMatchObject({
          ok: false,
          error: { message: expect.stringMatching(/the CA or the client certificate cannot be used: .*PEM/) },
        });
      }
      credentials = good;
      for (let time = 1; time <= 3; time += 1) expect(await ask()).toMatchObject({ ok: true });
      expect(sockets.size).toBe(1);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  },
);
