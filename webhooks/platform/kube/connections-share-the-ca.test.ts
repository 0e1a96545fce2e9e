import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { expect, it } from '@jest/globals';

import { issueAuthority, issueServing } from '../tls/certificates.ts';
import { createKubeApi } from './api-client.ts';
import type { Credentials } from './api.ts';

it('eight connections at a time read the CA no oftener than one (each read it, and had 25 KB of its own)', async () => {
  const now = new Date();
  const authority = await issueAuthority(now);
  const { certificate: cert, privateKey: key } = await issueServing(authority, ['localhost'], now);
  const sockets = new Set<unknown>();
  const waiting: (() => void)[] = [];
  const server = createServer({ cert, key }, (request, response) => {
    sockets.add(request.socket);
    waiting.push(() => response.end('{}'));
    if (request.url === '/one' || waiting.length === 8) for (const answer of waiting.splice(0)) answer();
  }).listen(0, 'localhost');
  await once(server, 'listening');
  let reads = 0;
  const tls: Credentials['tls'] = {
    get ca() {
      reads += 1;
      return authority.certificate;
    },
  };
  const api = createKubeApi({
    server: {
      url: new URL(`https://localhost:${(server.address() as AddressInfo).port}`),
      ...{ isDirect: true, credentials: () => Promise.resolve(credentials), forgetCredentials: () => undefined },
    },
    userAgent: 'test',
  });
  const credentials: Credentials = { tls, headers: {} };
  try {
    expect(await api.request({ method: 'GET', path: '/one' })).toMatchObject({ ok: true });
    const ofOne = reads;
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.request({ method: 'GET', path: '/together' })),
    );
    expect(answers.map(({ ok }) => ok)).toEqual(Array(8).fill(true));
    expect(sockets.size).toBe(8);
    expect([ofOne > 0, reads]).toEqual([true, ofOne]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
