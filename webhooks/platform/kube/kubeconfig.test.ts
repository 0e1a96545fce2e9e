import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { connectToContext } from './connect.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
const before = process.env['KUBECONFIG'];

afterEach(() => {
  if (before === undefined) Reflect.deleteProperty(process.env, 'KUBECONFIG');
  else process.env['KUBECONFIG'] = before;
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function withCluster(name: string, cluster: object): void {
  const file = join(folder, name);
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c', users: [{ name: 'u', user: {} }] },
    clusters: [{ name: 'proxied', cluster }],
    contexts: [{ name: 'c', context: { cluster: 'proxied', user: 'u' } }],
  };
  writeFileSync(file, JSON.stringify(config));
  process.env['KUBECONFIG'] = file;
}

describe('a kubeconfig that nobody can be asked by', () => {
  it('is told by the file that is not there, and who names it', async () => {
    const file = join(folder, 'none');
    process.env['KUBECONFIG'] = file;
    expect(await connectToContext()).toEqual({
      type: 'refused',
      problem: `there is no file ${file}, which KUBECONFIG names`,
    });
  });

  it('is refused at once, in the words of its fields, where its server speaks no TLS (each request said skipTLSVerify)', async () => {
    withCluster('plain', { server: 'http://127.0.0.1:8001' });
    expect(await connectToContext()).toEqual({
      type: 'refused',
      problem:
        "cluster 'proxied' of the kubeconfig has the server http://127.0.0.1:8001: name an https URL, or set insecure-skip-tls-verify: true beside it",
    });
    withCluster('plain-as-asked', { server: 'http://127.0.0.1:8001', 'insecure-skip-tls-verify': true });
    expect(await connectToContext()).toMatchObject({ type: 'connected', context: 'c' });
  });
});
