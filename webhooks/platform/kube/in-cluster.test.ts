import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiServer } from './api.ts';
import { findOwnCluster } from './in-cluster.ts';
import { createFakeClock } from './testing/fake-clock.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-lifecycle-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const put = (name: string, text: string): void => {
  writeFileSync(join(folder, name), text);
};

/** In a pod whose kubelet has put both files. */
function inPod(env: Record<string, string> = {}): {
  readonly server: ApiServer;
  readonly pass: (ms: number) => Promise<void>;
} {
  put('token', 'first\n');
  put('ca.crt', 'a certificate');
  const clock = createFakeClock();
  const server = findOwnCluster({ env: { KUBERNETES_SERVICE_HOST: '10.96.0.1', ...env }, clock, folder });
  if (server === undefined) throw new Error('no cluster was found');
  return { server, pass: (ms) => clock.advance(ms) };
}

describe('the API server of the pod', () => {
  it('is where the environment says, with what the kubelet put', async () => {
    const { server } = inPod({ KUBERNETES_SERVICE_PORT: '6443' });
    expect(server.url.href).toBe('https://10.96.0.1:6443/');
    expect(await server.credentials()).toEqual({
      tls: { ca: Buffer.from('a certificate') },
      headers: { Authorization: 'Bearer first' },
    });
  });

  it('may have an IPv6 address', () => {
    expect(inPod({ KUBERNETES_SERVICE_HOST: 'fd00::1' }).server.url.host).toBe('[fd00::1]');
  });

  it('is asked with a new token 30 s after the kubelet has replaced it', async () => {
    const { server, pass } = inPod();
    await server.credentials();
    put('token', 'second');
    expect((await server.credentials()).headers).toEqual({ Authorization: 'Bearer first' });
    await pass(30_000);
    expect((await server.credentials()).headers).toEqual({ Authorization: 'Bearer second' });
  });

  it('is asked with a new token at once after the old one was refused', async () => {
    const { server } = inPod();
    await server.credentials();
    put('token', 'second');
    server.forgetCredentials();
    expect((await server.credentials()).headers).toEqual({ Authorization: 'Bearer second' });
  });

  it('is not known without a token, or outside of a cluster', () => {
    const clock = createFakeClock();
    expect(findOwnCluster({ env: { KUBERNETES_SERVICE_HOST: '10.96.0.1' }, clock, folder })).toBeUndefined();
    put('token', 'first');
    expect(findOwnCluster({ env: {}, clock, folder })).toBeUndefined();
  });
});
